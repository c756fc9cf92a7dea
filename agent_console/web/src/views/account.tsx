import { effect, signal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { ask, attempt } from "../ask";
import { proving } from "../proof";
import type { SecondFactor, SecondFactorBegun } from "../shapes";
import { me } from "../state";
import { word } from "../words";
import { Field, useDeed, WrongElsewhere } from "./field";

/** What concerns one's own log-in; every role has it. */
export function Account() {
  return (
    <>
      <h1>{word("view.account")}</h1>
      <OwnPassword />
      <OwnSecondFactor />
      {me.value?.deeds.includes("take_second_factor") && <OthersSecondFactor />}
    </>
  );
}

/** Whoever is logged in elsewhere with the old one is out. */
function OwnPassword() {
  const [old, setOld] = useState("");
  const [next, setNext] = useState("");
  const [done, setDone] = useState(false);
  const [refused, busy, run] = useDeed();
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    setDone(false);
    const changed = await run(() => proving(() => ask("POST", "/api/password", { password: old, new_password: next })));
    if (!changed) return;
    setOld("");
    setNext("");
    setDone(true);
  };
  const input = (value: string, change: (value: string) => void, autocomplete: "current-password" | "new-password") => (marked: object) => (
    <input {...marked} type="password" autocomplete={autocomplete} required maxLength={256} dir="ltr" value={value} onInput={(event) => change(event.currentTarget.value)} />
  );
  return (
    <section class="card" aria-labelledby="password-title">
      <h2 id="password-title">{word("own_password")}</h2>
      <p>{word("own_password.help")}</p>
      <form class="narrow" onSubmit={submit} aria-busy={busy}>
        <Field name="password" label={word("own_password.old")} refused={refused}>{input(old, setOld, "current-password")}</Field>
        <Field name="new_password" label={word("own_password.new")} hint={word("own_password.hint")} refused={refused}>
          {input(next, setNext, "new-password")}
        </Field>
        <WrongElsewhere refused={refused} fields={["password", "new_password"]} />
        <button class="main" disabled={busy}>{word("own_password.change")}</button>
      </form>
      <p role="status">{done && `✓ ${word("people.password_set")}`}</p>
    </section>
  );
}

/** Told once and never again: they outlive a call that brings their reader to another view, not his log-out. */
const codes = signal<string[] | null>(null);
effect(() => {
  if (!me.value) codes.value = null;
});

/** Off → begun → on with recovery codes to be written down → on. */
function OwnSecondFactor() {
  const [found, setFound] = useState<SecondFactor | null>(null);
  const [begun, setBegun] = useState<SecondFactorBegun | null>(null);
  const read = async () => setFound(await ask<SecondFactor>("GET", "/api/second_factor"));
  useEffect(() => void attempt(read), []);
  const confirmed = async (given: string[]) => {
    codes.value = given; // first of all: they are never told again
    setBegun(null);
    await read();
  };
  return (
    <section class="card" aria-labelledby="second-title">
      <h2 id="second-title">{word("second")}</h2>
      <p>{word("second.help")}</p>
      <p role="status">{found && state(found)}</p>
      {codes.value && <RecoveryCodes codes={codes.value} kept={() => (codes.value = null)} />}
      {found?.on === false && !begun && <Begin begun={setBegun} />}
      {begun && <Confirm begun={begun} confirmed={confirmed} cancel={() => setBegun(null)} />}
      {found?.on && !codes.value && <Remove removed={read} />}
    </section>
  );
}

const state = (found: SecondFactor): string =>
  found.on ? `✓ ${word("second.on", { n: found.recovery_codes_left })}` : `○ ${word("second.off")}`;

function Begin({ begun }: { begun: (told: SecondFactorBegun) => void }) {
  const [password, setPassword] = useState("");
  return (
    <Form deed={async () => begun(await ask<SecondFactorBegun>("POST", "/api/second_factor/begin", { password }))}>
      <PasswordField value={password} change={setPassword} />
      <button class="main">{word("second.begin")}</button>
    </Form>
  );
}

interface ConfirmProps {
  begun: SecondFactorBegun;
  confirmed: (codes: string[]) => Promise<void>;
  cancel: () => void;
}

function Confirm({ begun, confirmed, cancel }: ConfirmProps) {
  const [code, setCode] = useState("");
  const confirm = async () => {
    const told = await ask<{ recovery_codes: string[] }>("POST", "/api/second_factor/confirm", { code });
    await confirmed(told.recovery_codes);
  };
  return (
    <Form deed={confirm}>
      <Told>{word("second.enter")}</Told>
      <dl>
        <dt>{word("second.key")}</dt>
        <dd><bdi class="secret">{begun.secret.match(/.{1,4}/g)?.join(" ")}</bdi></dd>
        <dt>{word("second.link")}</dt>
        <dd><a href={begun.uri} dir="ltr">{begun.uri}</a></dd>
      </dl>
      <CodeField name={word("second.first_code")} value={code} change={setCode} />
      <button class="main">{word("second.confirm")}</button>{" "}
      <button type="button" onClick={cancel}>{word("cancel")}</button>
    </Form>
  );
}

function RecoveryCodes({ codes, kept }: { codes: string[]; kept: () => void }) {
  return (
    <>
      <h2>{word("second.codes")}</h2>
      <Told>{word("second.codes_help")}</Told>
      <ul class="plain" aria-label={word("second.codes")}>
        {codes.map((one) => <li key={one}><bdi class="secret">{one}</bdi></li>)}
      </ul>
      <p><button type="button" class="main" onClick={kept}>{word("second.codes_kept")}</button></p>
    </>
  );
}

function Remove({ removed }: { removed: () => Promise<void> }) {
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const remove = async () => {
    await ask("POST", "/api/second_factor/remove", { password, code });
    await removed();
  };
  return (
    <Form deed={remove}>
      <PasswordField value={password} change={setPassword} />
      <CodeField name={word("code")} value={code} change={setCode} />
      <button class="danger">{word("second.remove")}</button>
    </Form>
  );
}

/** For an administrator: somebody has lost his telephone and his recovery codes. */
function OthersSecondFactor() {
  const [login, setLogin] = useState("");
  const [reason, setReason] = useState("");
  const [taken, setTaken] = useState("");
  const take = async () => {
    setTaken("");
    await ask("POST", `/api/logins/${encodeURIComponent(login)}/second_factor/take_away`, { reason });
    setTaken(login);
    setLogin("");
    setReason("");
  };
  return (
    <section class="card" aria-labelledby="others-second-title">
      <h2 id="others-second-title">{word("second.others")}</h2>
      <p>{word("second.others_help")}</p>
      <Form deed={take}>
        <label>
          <span>{word("second.login")}</span>
          <input required maxLength={64} dir="ltr" value={login} onInput={(event) => setLogin(event.currentTarget.value)} />
        </label>
        <label>
          <span>{word("second.reason")}</span>
          <input
            required
            minLength={3}
            maxLength={500}
            dir="auto"
            value={reason}
            onInput={(event) => setReason(event.currentTarget.value)}
          />
        </label>
        <button class="danger">{word("second.take")}</button>
      </Form>
      <p role="status">{taken && `✓ ${word("second.taken", { login: taken })}`}</p>
    </section>
  );
}

/** One deed at a time; what it throws is shown, what was typed stays. */
function Form({ deed, children }: { deed: () => Promise<void>; children: (VNode | string)[] }) {
  const [busy, setBusy] = useState(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    await attempt(() => proving(deed));
    setBusy(false);
  };
  return <form class="narrow" onSubmit={submit} aria-busy={busy}>{children}</form>;
}

/** What has just appeared in the place of what was pressed: the focus goes there, and it is read out. */
function Told({ children }: { children: string }) {
  const here = useRef<HTMLParagraphElement>(null);
  useEffect(() => here.current?.focus(), []);
  return <p ref={here} tabIndex={-1}>{children}</p>;
}

interface FieldProps {
  value: string;
  change: (value: string) => void;
}

function PasswordField({ value, change }: FieldProps) {
  return (
    <label>
      <span>{word("password")}</span>
      <input
        type="password"
        autocomplete="current-password"
        required
        maxLength={256}
        dir="ltr"
        value={value}
        onInput={(event) => change(event.currentTarget.value)}
      />
    </label>
  );
}

function CodeField({ name, value, change }: FieldProps & { name: string }) {
  return (
    <label>
      <span>{name}</span>
      <input
        autocomplete="one-time-code"
        required
        maxLength={64}
        dir="ltr"
        value={value}
        onInput={(event) => change(event.currentTarget.value)}
      />
    </label>
  );
}

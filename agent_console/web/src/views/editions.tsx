import { useEffect, useState } from "preact/hooks";
import { addressOf } from "../address";
import { ask } from "../ask";
import { useAsked } from "../asked";
import type { Edition, EditionList } from "../shapes";
import { LANGUAGES, language, moment, word } from "../words";
import { Field, useDeed, WrongElsewhere } from "./field";

const LOOKED_AGAIN_MS = 2000;
/** Of which flows a trial is worth a call, in the order in which they are offered. */
export const FLOWS = ["inbound", "callback", "satisfaction"] as const;

/** What the line says: the editions there are, which one is used, and from when which was. */
export function Editions() {
  const { found, again } = useAsked<EditionList>("/api/editions");
  const making = found?.editions.some((one) => !one.ready) ?? false;
  useEffect(() => {
    if (!making) return;
    const timer = setInterval(again, LOOKED_AGAIN_MS);
    return () => clearInterval(timer);
  }, [making, again]);
  return (
    <>
      <h1>{word("view.editions")}</h1>
      <p class="soft">{word("editions.help")}</p>
      {found?.editions.map((one) => <OneEdition key={one.number} edition={one} used={found.used} again={again} />)}
      {found && found.uses.length > 0 && <Uses uses={found.uses} />}
    </>
  );
}

/** The release's own has no number for people. */
export const editionName = (number: number): string => (number === 0 ? word("editions.release") : word("editions.number", { number }));

function OneEdition({ edition, used, again }: { edition: Edition; used: number; again: () => void }) {
  const [doing, setDoing] = useState<"use" | "try" | null>(null);
  const here = edition.number === used;
  const title = `edition-${edition.number}`;
  return (
    <section class="card" aria-labelledby={title}>
      <h2 id={title}>
        {editionName(edition.number)} {here && <strong class="good">✓ {word("editions.in_use")}</strong>}
      </h2>
      {edition.at && (
        <p class="soft">
          <time dateTime={edition.at}>{moment(edition.at)}</time> · <bdi>{edition.actor}</bdi> · <bdi dir="auto">{edition.reason}</bdi> ·{" "}
          {word("editions.made_from", { name: editionName(edition.base ?? 0) })}
        </p>
      )}
      {!edition.ready && <Voices edition={edition} />}
      <div class="bar">
        <a href={addressOf("edition", { number: String(edition.number) })}>{word("editions.open")}</a>
        <button type="button" disabled={!edition.ready} aria-expanded={doing === "try"} onClick={() => setDoing(doing === "try" ? null : "try")}>
          {word("editions.try")}
        </button>
        {!here && (
          <button type="button" disabled={!edition.ready} aria-expanded={doing === "use"} onClick={() => setDoing(doing === "use" ? null : "use")}>
            {word("editions.use")}
          </button>
        )}
      </div>
      {doing === "use" && <UseIt edition={edition} used={used} done={() => { setDoing(null); again(); }} />}
      {doing === "try" && <TryIt edition={edition} />}
    </section>
  );
}

function Voices({ edition }: { edition: Edition }) {
  return (
    <ul class="plain">
      {edition.voices.filter((one) => !one.ready).map((one) => (
        <li key={one.node} class={one.fault ? "late" : "soft"}>
          {one.fault ? word("editions.fault", { node: one.node }) : word("editions.making", { node: one.node })}{" "}
          {one.fault && <bdi dir="ltr">{one.fault}</bdi>}
        </li>
      ))}
    </ul>
  );
}

function UseIt({ edition, used, done }: { edition: Edition; used: number; done: () => void }) {
  const [reason, setReason] = useState("");
  const [refused, busy, run] = useDeed();
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const used_now = await run(async () => {
      await ask("POST", `/api/editions/${edition.number}/use`, { before: used, reason });
    });
    if (used_now) done();
  };
  return (
    <form onSubmit={submit}>
      <Field name="reason" label={word("surge.reason")} refused={refused}>
        {(marked) => (
          <input {...marked} required minLength={3} maxLength={500} dir="auto" value={reason} onInput={(event) => setReason(event.currentTarget.value)} />
        )}
      </Field>
      <WrongElsewhere refused={refused} fields={["reason"]} />
      <button class="main" disabled={busy}>{word("editions.use_now")}</button>
    </form>
  );
}

function TryIt({ edition }: { edition: Edition }) {
  const [asked, setAsked] = useState({ phone: "", flow: "inbound", language: language.value as string });
  const [rings, setRings] = useState(false);
  const [refused, busy, run] = useDeed();
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    setRings(false);
    setRings(await run(async () => {
      await ask("POST", `/api/editions/${edition.number}/try`, asked);
    }));
  };
  return (
    <form onSubmit={submit}>
      <p class="soft">{word("editions.try_help")}</p>
      <div class="fields">
        <Field name="phone" label={word("editions.phone")} refused={refused}>
          {(marked) => (
            <input {...marked} type="tel" required autocomplete="tel" dir="ltr" value={asked.phone} onInput={(event) => setAsked({ ...asked, phone: event.currentTarget.value })} />
          )}
        </Field>
        <Field name="flow" label={word("editions.flow")} refused={refused}>
          {(marked) => (
            <select {...marked} value={asked.flow} onChange={(event) => setAsked({ ...asked, flow: event.currentTarget.value })}>
              {FLOWS.map((name) => <option key={name} value={name}>{word(`flow.${name}`)}</option>)}
            </select>
          )}
        </Field>
        <Field name="language" label={word("language")} refused={refused}>
          {(marked) => (
            <select {...marked} value={asked.language} onChange={(event) => setAsked({ ...asked, language: event.currentTarget.value })}>
              {LANGUAGES.map((one) => <option key={one.code} value={one.code}>{one.name}</option>)}
            </select>
          )}
        </Field>
      </div>
      <WrongElsewhere refused={refused} fields={["phone", "flow", "language"]} />
      <button class="main" disabled={busy}>{word("editions.call_me")}</button>
      <p role="status">{rings && word("editions.rings")}</p>
    </form>
  );
}

function Uses({ uses }: { uses: EditionList["uses"] }) {
  return (
    <details>
      <summary>{word("editions.uses")}</summary>
      <ol class="plain">
        {uses.map((one) => (
          <li key={one.at} class="happened">
            <time dateTime={one.at}>{moment(one.at)}</time>
            <strong>{editionName(one.number)}</strong>
            <span><bdi>{one.actor}</bdi> · <bdi dir="auto">{one.reason}</bdi></span>
          </li>
        ))}
      </ol>
    </details>
  );
}

import { useState } from "preact/hooks";
import { ask } from "../ask";
import type { KnownConsumer } from "../shapes";
import { word, wordOr } from "../words";
import { Checks, Field, useDeed, WrongElsewhere } from "./field";
import { areaName, flagName } from "./names";

interface Found {
  found: KnownConsumer[];
  offered: Record<string, "priority" | "slow">;
}

/** A consumer found by a whole number, and his flags: who comes first, for whom the menus are slow. */
export function Consumers() {
  const [number, setNumber] = useState("");
  const [phone, setPhone] = useState("");
  const [shown, setShown] = useState<Found | null>(null);
  const [refused, busy, run] = useDeed();
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    setShown(null);
    const said = { ...(number.trim() && { number: number.trim() }), ...(phone.trim() && { phone: phone.trim() }) };
    await run(async () => setShown(await ask<Found>("POST", "/api/consumers/find", said)));
  };
  const input = (value: string, set: (value: string) => void, maxLength: number) => (marked: object) => (
    <input {...marked} inputMode="tel" maxLength={maxLength} dir="ltr" autocomplete="off" value={value} onInput={(event) => set(event.currentTarget.value)} />
  );
  return (
    <>
      <form class="card" onSubmit={submit} aria-labelledby="consumers-title">
        <h2 id="consumers-title">{word("consumers.title")}</h2>
        <p class="soft">{word("consumers.help")}</p>
        <div class="fields">
          <Field name="number" label={word("consumer_number")} refused={refused}>{input(number, setNumber, 10)}</Field>
          <Field name="phone" label={word("consumers.phone")} refused={refused}>{input(phone, setPhone, 20)}</Field>
        </div>
        <WrongElsewhere refused={refused} fields={["number", "phone"]} />
        <button class="main" disabled={busy}>{word("consumers.find")}</button>
        <p role="status">{shown && word("consumers.found", { n: shown.found.length })}</p>
      </form>
      {shown?.found.map((one) => <Consumer key={one.number} consumer={one} offered={shown.offered} />)}
    </>
  );
}

function Consumer({ consumer, offered }: { consumer: KnownConsumer; offered: Found["offered"] }) {
  const [before, setBefore] = useState(consumer.flags);
  const [flags, setFlags] = useState(consumer.flags);
  const [reason, setReason] = useState("");
  const [done, setDone] = useState(false);
  const [refused, busy, run] = useDeed();
  const choose = (chosen: string[]) => {
    setDone(false);
    setFlags(chosen);
  };
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    setDone(false);
    await run(async () => {
      const add = flags.filter((flag) => !before.includes(flag));
      const remove = before.filter((flag) => !flags.includes(flag));
      const now = await ask<KnownConsumer>("POST", `/api/consumers/${consumer.number}/flags`, { add, remove, reason });
      setBefore(now.flags);
      setFlags(now.flags);
      setReason("");
      setDone(true);
    });
  };
  const meaning = (flag: string) => (offered[flag] === "slow" ? flagName(flag) : `${flagName(flag)} (${word("flag.priority")})`);
  return (
    <form class="card" onSubmit={submit} aria-labelledby={`consumer-${consumer.number}`}>
      <h2 id={`consumer-${consumer.number}`}>{word("consumer")} <bdi>{consumer.number}</bdi></h2>
      <dl>
        <dt>{word("consumers.area")}</dt>
        <dd><bdi>{areaName(consumer.area)}</bdi></dd>
        <dt>{word("step.transformer")}</dt>
        <dd><bdi>{consumer.transformer}</bdi></dd>
        <dt>{word("language")}</dt>
        <dd>{consumer.language ? wordOr(`language.${consumer.language}`, consumer.language) : "–"}</dd>
      </dl>
      <Checks
        name="add"
        label={word("consumers.flags")}
        hint={word("consumers.flags_hint")}
        refused={refused}
        offered={[...new Set([...Object.keys(offered), ...consumer.flags])]}
        chosen={flags}
        nameOf={meaning}
        change={choose}
      />
      <Field name="reason" label={word("consumers.reason")} refused={refused}>
        {(marked) => (
          <input {...marked} required minLength={3} maxLength={500} dir="auto" value={reason} onInput={(event) => setReason(event.currentTarget.value)} />
        )}
      </Field>
      <WrongElsewhere refused={refused} fields={["add", "reason"]} />
      <button class="main" disabled={busy}>{word("save")}</button>
      <p role="status">{done && `✓ ${word("consumers.saved")}`}</p>
    </form>
  );
}

import { useState } from "preact/hooks";
import { ask } from "../ask";
import { useAsked } from "../asked";
import { useKept } from "../kept";
import type { PromisedTime } from "../shapes";
import { language, moment, word } from "../words";
import { Field, useDeed, WrongElsewhere } from "./field";

const FIELDS = ["urban_h", "rural_h", "verify_after_min"] as const;
type Values = Record<(typeof FIELDS)[number], string>;

/** The promised times: what is changed counts for the next docket; what stood before is kept. */
export function PromisedTimes() {
  const { found } = useAsked<{ categories: PromisedTime[] }>("/api/promised_times");
  return (
    <>
      <h1>{word("view.promised_times")}</h1>
      <p class="soft">{word("promised_times.help")}</p>
      {found?.categories.map((one) => <OneKind key={one.code} first={one} />)}
    </>
  );
}

function OneKind({ first }: { first: PromisedTime }) {
  const [shown, setShown] = useState(first);
  const [typed, setTyped] = useKept<Partial<Values>>(`promised.${first.code}`, {});
  const [reason, setReason] = useKept(`promised.reason.${first.code}`, "");
  const values = { ...asTyped(shown), ...typed };
  const [done, setDone] = useState(false);
  const [refused, busy, run] = useDeed();
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    setDone(false);
    await run(async () => {
      const number = (name: (typeof FIELDS)[number]) => (values[name] === "" ? null : Number(values[name]));
      const body = { urban_h: number("urban_h"), rural_h: number("rural_h"), verify_after_min: number("verify_after_min"), reason };
      setShown(await ask<PromisedTime>("POST", `/api/promised_times/${shown.code}`, body));
      setTyped({});
      setReason("");
      setDone(true);
    });
  };
  const title = shown.names[language.value] ?? shown.code;
  return (
    <form class="card" onSubmit={submit} aria-labelledby={`times-${shown.code}`}>
      <h2 id={`times-${shown.code}`}>{title} <bdi class="soft">{shown.code}</bdi></h2>
      <div class="fields">
        {FIELDS.filter((name) => name !== "verify_after_min" || shown.verify_after_min !== null).map((name) => (
          <Field key={name} name={name} label={word(`promised_times.${name}`)} refused={refused}>
            {(marked) => (
              <input
                {...marked}
                type="number"
                required
                min={0}
                step="any"
                value={values[name]}
                onInput={(event) => setTyped({ ...typed, [name]: event.currentTarget.value })}
              />
            )}
          </Field>
        ))}
        <Field name="reason" label={word("surge.reason")} refused={refused}>
          {(marked) => (
            <input {...marked} required minLength={3} maxLength={500} dir="auto" value={reason} onInput={(event) => setReason(event.currentTarget.value)} />
          )}
        </Field>
      </div>
      <WrongElsewhere refused={refused} fields={[...FIELDS, "reason"]} />
      <p>{word("promised_times.now", { urban: moment(shown.urban_due), rural: moment(shown.rural_due) })}</p>
      <button class="main" disabled={busy}>{word("save")}</button>
      <p role="status">{done && word("promised_times.done")}</p>
      {shown.history.length > 0 && <Past rows={shown.history} />}
    </form>
  );
}

function Past({ rows }: { rows: PromisedTime["history"] }) {
  return (
    <details>
      <summary>{word("promised_times.past")}</summary>
      <ol class="plain">
        {rows.map((row) => (
          <li key={row.at} class="happened">
            <time dateTime={row.at}>{moment(row.at)}</time>
            <span><bdi>{row.actor}</bdi> · <bdi dir="auto">{row.reason}</bdi></span>
            <span dir="ltr">{FIELDS.map((name) => `${row.before[name]} → ${row.after[name]}`).join(" · ")}</span>
          </li>
        ))}
      </ol>
    </details>
  );
}

const asTyped = (one: PromisedTime): Values => ({
  urban_h: String(one.urban_h),
  rural_h: String(one.rural_h),
  verify_after_min: one.verify_after_min === null ? "" : String(one.verify_after_min),
});

import type { VNode } from "preact";
import { useEffect, useId, useState } from "preact/hooks";
import { addressOf, go, place } from "../address";
import { ask } from "../ask";
import { useAsked } from "../asked";
import { forgetPrompt, takeUp, throwAway, typed, typeFlow, typePrompt } from "../edition_draft";
import { useKept } from "../kept";
import type { EditionChecked, EditionPrompt, EditionWhole } from "../shapes";
import { LANGUAGES, language, word } from "../words";
import { editionName, FLOWS } from "./editions";
import { Field, useDeed, WrongElsewhere } from "./field";

/** dialplan/wording.py: the name of a prompt */
const NAME = "[A-Za-z][A-Za-z0-9_]{0,63}";

/** What an edition says, to be read and to be said otherwise: what is kept becomes an edition of its own. */
export function EditionPage() {
  const number = Number(place.value.filters["number"] ?? 0);
  const { found } = useAsked<EditionWhole>(`/api/editions/${number}`);
  useEffect(() => takeUp(number), [number]);
  return (
    <>
      <h1>{editionName(number)}</h1>
      <p><a href={addressOf("editions")}>{word("editions.all")}</a></p>
      {found && <Whole key={number} whole={found} />}
    </>
  );
}

function Whole({ whole }: { whole: EditionWhole }) {
  const [checked, setChecked] = useState<EditionChecked | null>(null);
  const [told, setTold] = useState(typed.value);
  const stands = checked !== null && told === typed.value; // what is typed after a check has not been checked
  const tell = (found: EditionChecked) => {
    setTold(typed.value);
    setChecked(found);
  };
  return (
    <>
      <Prompts whole={whole} checked={checked} />
      <Flows whole={whole} checked={checked} />
      <Keep checked={stands ? checked : null} setChecked={tell} />
    </>
  );
}

const faultsOf = (checked: EditionChecked | null, field: string) => checked?.faults.filter((one) => one.field === field) ?? [];

/** The prompts of the edition and those that were added just now. */
function all(whole: EditionWhole): EditionPrompt[] {
  const known = new Set(whole.prompts.map((one) => one.key));
  const added = new Set(Object.values(typed.value.prompts).flatMap((words) => Object.keys(words)).filter((key) => !known.has(key)));
  return [...[...added].map((key) => ({ key, words: {}, released: {}, values: [] })), ...whole.prompts];
}

const wordsOf = (prompt: EditionPrompt, code: string): string => typed.value.prompts[code]?.[prompt.key] ?? prompt.words[code] ?? "";
const isChanged = (prompt: EditionPrompt): boolean => LANGUAGES.some(({ code }) => wordsOf(prompt, code) !== (prompt.released[code] ?? ""));

function Prompts({ whole, checked }: { whole: EditionWhole; checked: EditionChecked | null }) {
  const [sought, setSought] = useState("");
  const [changedOnly, setChangedOnly] = useState(false);
  const [name, setName] = useState("");
  const [kept, setKept] = useState(typed.value); // whoever types a word away must not lose the field he types in
  const wasTyped = (prompt: EditionPrompt): boolean => LANGUAGES.some(({ code }) => kept.prompts[code]?.[prompt.key] !== undefined);
  const fits = (prompt: EditionPrompt): boolean =>
    isFaulty(prompt, checked) ||
    ((!changedOnly || isChanged(prompt) || wasTyped(prompt)) &&
      [prompt.key, ...LANGUAGES.flatMap(({ code }) => [prompt.words[code] ?? "", kept.prompts[code]?.[prompt.key] ?? ""])].some((text) =>
        text.toLowerCase().includes(sought.toLowerCase()),
      ));
  const shown = all(whole).filter(fits);
  const add = (event: SubmitEvent) => {
    event.preventDefault();
    for (const { code } of LANGUAGES) if (!all(whole).some((one) => one.key === name)) typePrompt(code, name, "");
    setSought(name);
    setName("");
  };
  return (
    <section class="card" aria-labelledby="prompts-title">
      <h2 id="prompts-title">{word("editions.prompts")}</h2>
      <p class="soft">{word("editions.prompts_help")}</p>
      <div class="bar">
        <label>
          <span>{word("editions.seek")}</span>
          <input
            type="search"
            dir="auto"
            value={sought}
            onInput={(event) => {
              setKept(typed.value);
              setSought(event.currentTarget.value);
            }}
          />
        </label>
        <label class="inline">
          <input
            type="checkbox"
            checked={changedOnly}
            onChange={() => {
              setKept(typed.value);
              setChangedOnly(!changedOnly);
            }}
          />
          <span>{word("editions.changed_only")}</span>
        </label>
        <span role="status">{word("editions.shown", { count: shown.length })}</span>
      </div>
      {shown.map((prompt) => <OnePrompt key={prompt.key} prompt={prompt} checked={checked} open={shown.length === 1} />)}
      <form class="bar" onSubmit={add}>
        <label>
          <span>{word("editions.new_prompt")}</span>
          <input required pattern={NAME} dir="ltr" value={name} onInput={(event) => setName(event.currentTarget.value)} />
        </label>
        <button>{word("add")}</button>
      </form>
    </section>
  );
}

const isFaulty = (prompt: EditionPrompt, checked: EditionChecked | null): boolean =>
  LANGUAGES.some(({ code }) => faultsOf(checked, `prompts.${code}.${prompt.key}`).length > 0);

function OnePrompt({ prompt, checked, open }: { prompt: EditionPrompt; checked: EditionChecked | null; open: boolean }) {
  const added = Object.keys(prompt.words).length === 0;
  return (
    <details open={open || added || isFaulty(prompt, checked)}>
      <summary>
        <bdi dir="ltr"><code>{prompt.key}</code></bdi> {isChanged(prompt) && <strong>✎ {word("editions.changed")}</strong>}{" "}
        <bdi class="soft">{wordsOf(prompt, language.value)}</bdi>
      </summary>
      {prompt.values.length > 0 && <p class="soft">{word("editions.values")} <bdi dir="ltr">{prompt.values.map((one) => `{${one}}`).join(" ")}</bdi></p>}
      {LANGUAGES.map(({ code, name, dir }) => (
        <Told key={code} label={`${name}: ${prompt.key}`} faults={faultsOf(checked, `prompts.${code}.${prompt.key}`)}>
          {(marked) => (
            <textarea {...marked} lang={code} dir={dir} rows={2} value={wordsOf(prompt, code)} onInput={(event) => typePrompt(code, prompt.key, event.currentTarget.value)} />
          )}
        </Told>
      ))}
      {added && <button type="button" onClick={() => forgetPrompt(prompt.key)}>{word("editions.take_out", { name: prompt.key })}</button>}
      {LANGUAGES.filter(({ code }) => prompt.released[code] && prompt.released[code] !== wordsOf(prompt, code)).map(({ code, name, dir }) => (
        <p key={code} class="soft">{word("editions.released", { name })} <bdi lang={code} dir={dir}>{prompt.released[code]}</bdi></p>
      ))}
    </details>
  );
}

function Flows({ whole, checked }: { whole: EditionWhole; checked: EditionChecked | null }) {
  return (
    <section class="card" aria-labelledby="flows-title">
      <h2 id="flows-title">{word("editions.flows")}</h2>
      <p class="soft">{word("editions.flows_help")}</p>
      {FLOWS.flatMap((name) => whole.flows.filter((flow) => flow.name === name)).map((flow) => (
        <details key={flow.name} open={faultsOf(checked, `flows.${flow.name}`).length > 0}>
          <summary>
            {word(`flow.${flow.name}`)} {flow.changed && <strong>✎ {word("editions.changed")}</strong>} {flow.fixed && <span class="soft">{word("editions.fixed")}</span>}
          </summary>
          {!flow.fixed && (
            <Told label={word("editions.flow_text", { name: word(`flow.${flow.name}`) })} faults={faultsOf(checked, `flows.${flow.name}`)}>
              {(marked) => (
                <textarea {...marked} class="code" dir="ltr" lang="en" spellcheck={false} rows={24} value={typed.value.flows[flow.name] ?? flow.text} onInput={(event) => typeFlow(flow.name, event.currentTarget.value)} />
              )}
            </Told>
          )}
          <h3>{word("editions.drawing")}</h3>
          <pre class="drawing" dir="ltr" lang="en" tabIndex={0} aria-label={word("editions.drawing")}>{checked?.drawings[flow.name] ?? flow.drawing}</pre>
        </details>
      ))}
    </section>
  );
}

type Marked = { "aria-invalid"?: boolean; "aria-describedby"?: string };

/** A text with what was found wrong in it, by the line where there is one. */
function Told({ label, faults, children }: { label: string; faults: EditionChecked["faults"]; children: (marked: Marked) => VNode }) {
  const id = useId();
  return (
    <div class="field">
      <label>
        <span>{label}</span>
        {children(faults.length > 0 ? { "aria-invalid": true, "aria-describedby": id } : {})}
      </label>
      {faults.length > 0 && (
        <div id={id}>
          {faults.map((fault) => (
            <p key={fault.reason} class="wrong">⚠ {fault.line !== null && word("editions.line", { line: fault.line })} <bdi dir="ltr">{fault.reason}</bdi></p>
          ))}
        </div>
      )}
    </div>
  );
}

function Keep({ checked, setChecked }: { checked: EditionChecked | null; setChecked: (checked: EditionChecked) => void }) {
  const [reason, setReason] = useKept(`edition.reason.${typed.value.base}`, "");
  const [refused, busy, run] = useDeed();
  const check = () => run(async () => setChecked(await ask<EditionChecked>("POST", "/api/editions/check", typed.value)));
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const kept = await run(async () => {
      const found = await ask<EditionChecked>("POST", "/api/editions/check", typed.value);
      setChecked(found); // every fault beside its field, where keeping would tell but the first few
      await ask("POST", "/api/editions", { ...typed.value, reason });
    });
    if (!kept) return;
    throwAway();
    setReason("");
    go("editions");
  };
  return (
    <form class="card" onSubmit={submit} aria-labelledby="keep-title">
      <h2 id="keep-title">{word("editions.keep_title")}</h2>
      <div class="bar">
        <button type="button" disabled={busy} onClick={check}>{word("editions.check")}</button>
        <button
          type="button"
          onClick={() => {
            if (!confirm(word("editions.throw_away_sure"))) return;
            throwAway();
            setReason("");
          }}
        >
          {word("editions.throw_away")}
        </button>
      </div>
      <p role="status">
        {checked && (checked.faults.length === 0 ? `✓ ${word("editions.no_faults")}` : `⚠ ${word("editions.faults", { count: checked.faults.length })}`)}
      </p>
      <Field name="reason" label={word("surge.reason")} refused={refused}>
        {(marked) => (
          <input {...marked} required minLength={3} maxLength={500} dir="auto" value={reason} onInput={(event) => setReason(event.currentTarget.value)} />
        )}
      </Field>
      <WrongElsewhere refused={refused} fields={["reason"]} />
      <button class="main" disabled={busy}>{word("editions.keep")}</button>
    </form>
  );
}

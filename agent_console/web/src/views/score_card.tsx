import { ask, attempt } from "../ask";
import { useKept } from "../kept";
import type { Score } from "../shapes";
import { me } from "../state";
import { moment, word } from "../words";
import { NoteField } from "./note_field";

/** complaints/scoring.py: Point */
const POINTS = ["greeting", "listening", "courtesy", "category", "read_back", "promise", "number", "hold", "data", "closing"];
const SAID = { yes: true, no: false, none: null } as const;
type Said = keyof typeof SAID;

/** The card to fill in: every point needs a word, and the keyboard alone is enough. */
export function GiveScore({ call_ref, given }: { call_ref: string; given: () => void }) {
  const [points, setPoints] = useKept<Record<string, Said>>(`points.${call_ref}`, {});
  const [remark, setRemark] = useKept(`remark.${call_ref}`, "");
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const body = { points: Object.fromEntries(Object.entries(points).map(([name, one]) => [name, SAID[one]])), remark };
    if (!(await attempt(() => ask("POST", `/api/recordings/${encodeURIComponent(call_ref)}/score`, body)))) return;
    setPoints({});
    setRemark("");
    given();
  };
  return (
    <form class="card" onSubmit={submit} aria-labelledby="score-title">
      <h2 id="score-title">{word("score_card")}</h2>
      {POINTS.map((name) => (
        <fieldset key={name} class="point">
          <legend>{word(`point.${name}`)}</legend>
          {(Object.keys(SAID) as Said[]).map((one) => (
            <label key={one} class="inline">
              <input
                type="radio"
                name={name}
                required
                checked={points[name] === one}
                onChange={() => setPoints({ ...points, [name]: one })}
              />
              <span>{word(`said.${one}`)}</span>
            </label>
          ))}
        </fieldset>
      ))}
      <NoteField name={word("remark")} rows={3} value={remark} typed={setRemark} />
      <p class="soft">{word("score_stays")}</p>
      <button class="main">{word("give_score")}</button>
    </form>
  );
}

/** A card that was given, with its contest and the answer to it. */
export function ScoreCard({ score, changed }: { score: Score; changed: () => void }) {
  const rights = me.value?.deeds ?? [];
  const mine = score.agent === me.value?.agent;
  const path = `/api/scores/${encodeURIComponent(score.call_ref)}/${encodeURIComponent(score.scorer)}`;
  return (
    <section class="card" aria-label={`${word("score_card")} ${score.scorer}`}>
      <h2>{word("score_of", { scorer: score.scorer })}: <bdi>{score.score ?? "–"}</bdi></h2>
      <p class="soft">{moment(score.at)}</p>
      <dl>
        {POINTS.map((name) => (
          <>
            <dt key={name}>{word(`point.${name}`)}</dt>
            <dd>{saidOf(score.points[name] ?? null)}</dd>
          </>
        ))}
      </dl>
      {score.remark && <p dir="auto">{score.remark}</p>}
      {score.contested && <p dir="auto"><strong>{word("contested_by_agent")}</strong> {score.contested}</p>}
      {score.answer && <p dir="auto"><strong>{word("answered_by", { who: score.answered_by ?? "" })}</strong> {score.answer}</p>}
      {mine && !score.contested && rights.includes("see_own_scores") && (
        <Say name="contest" field="reason" path={`${path}/contest`} said={changed} />
      )}
      {score.contested && !score.answer && rights.includes("answer_contest") && score.scorer !== me.value?.name && (
        <Say name="answer_contest" field="answer" path={`${path}/answer`} said={changed} />
      )}
    </section>
  );
}

const saidOf = (done: boolean | null): string => (done === null ? `– ${word("said.none")}` : done ? `✓ ${word("said.yes")}` : `✗ ${word("said.no")}`);

/** One sentence to a score, sent once. */
function Say({ name, field, path, said }: { name: string; field: string; path: string; said: () => void }) {
  const [words, setWords] = useKept(path, "");
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (!(await attempt(() => ask("POST", path, { [field]: words })))) return;
    setWords("");
    said();
  };
  return (
    <form onSubmit={submit}>
      <label>
        <span>{word(`${name}.words`)}</span>
        <textarea required minLength={3} maxLength={500} rows={2} dir="auto" value={words} onInput={(event) => setWords(event.currentTarget.value)} />
      </label>
      <button>{word(name)}</button>
    </form>
  );
}

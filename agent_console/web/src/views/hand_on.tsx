import { signal } from "@preact/signals";
import { ask, attempt } from "../ask";
import type { Colleague } from "../shapes";
import { agent, pop } from "../state";
import { word, wordOr } from "../words";

const colleagues = signal<Colleague[] | null>(null);

/** Opens the list of those who could take the caller now, and closes it. */
export const chooseColleague = (): Promise<boolean> =>
  attempt(async () => {
    if (colleagues.value) colleagues.value = null;
    else colleagues.value = (await ask<{ colleagues: Colleague[] }>("GET", "/api/colleagues")).colleagues;
  });

/** Handing the caller on: speak first is the usual way, handing over blindly the second. */
export function HandOn() {
  const here = pop.value?.hand_on;
  if (here && here.stage !== "no_answer") return <UnderWay to={here.to} speaking={here.stage === "speaking"} />;
  return (
    <>
      {here && <p role="status">⚠ {word("hand_on.no_answer", { to: here.to })}</p>}
      {colleagues.value && <Choice among={colleagues.value} />}
      <p>
        <button type="button" class="danger" aria-keyshortcuts="Shift+F8" onClick={toDanger}>
          ⚠ {word("to_danger")} <kbd>⇧F8</kbd>
        </button>
      </p>
    </>
  );
}

function Choice({ among }: { among: Colleague[] }) {
  if (!among.length) return <p role="status">{word("no_colleague")}</p>;
  return (
    <ul class="colleagues" aria-label={word("hand_on")}>
      {among.map((one) => (
        <li key={one.agent}>
          <bdi>{one.agent}</bdi>
          <span>{one.languages.map((code) => wordOr(`language.${code}`, code)).join(", ")}</span>
          <button type="button" onClick={() => handOn(one.agent, "warm")}>{word("speak_first")}</button>
          <button type="button" onClick={() => handOn(one.agent, "blind")}>{word("hand_over")}</button>
        </li>
      ))}
    </ul>
  );
}

function UnderWay({ to, speaking }: { to: string; speaking: boolean }) {
  return (
    <div class="bar">
      <span role="status">{word(speaking ? "hand_on.speaking" : "hand_on.ringing", { to })}</span>
      {speaking && (
        <button type="button" class="main" onClick={() => deed("complete")}>{word("complete")}</button>
      )}
      <button type="button" onClick={() => deed("take_back")}>{word("take_back")}</button>
    </div>
  );
}

/** Before everybody else, to those who handle danger; the agent gives the outcome. */
export const toDanger = (): Promise<boolean> => deed("to_danger");

const handOn = (to: string, how: "warm" | "blind") =>
  attempt(async () => {
    await ask("POST", `/api/calls/${agent.value?.call_ref}/hand_on`, { to, how });
    colleagues.value = null;
  });

const deed = (name: string) => attempt(() => ask("POST", `/api/calls/${agent.value?.call_ref}/${name}`, {}));

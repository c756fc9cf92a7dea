import { effect, signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { ask, attempt } from "../ask";
import { call, canBeRung } from "../phone";
import { me } from "../state";
import { word } from "../words";
import { Telephone } from "./telephone";

const MODES = ["listen", "whisper", "barge"] as const;
type Mode = (typeof MODES)[number];

/** Whom this supervisor is with, how, and why: one talk at a time, and the reason is asked anew for each. */
const at = signal<{ agent: string; mode: Mode; reason: string } | null>(null);

/** The talk is over, or he has left it: what he said of it counts for no other. */
let wasUp = false;
effect(() => {
  const up = call.value?.stage === "up";
  if (wasUp && !up && at.value) at.value = { ...at.value, mode: "listen", reason: "" };
  wasUp = up;
});
effect(() => {
  if (!me.value) at.value = null;
});

/** Agents in a talk can be listened to; what is kept of it is said before. */
export function ListenButton({ agent, talking }: { agent: string; talking: boolean }) {
  if (!me.value?.deeds.includes("listen_in")) return null;
  return (
    <button
      type="button"
      disabled={!talking || at.value !== null}
      aria-label={`${word("listen_in")} ${agent}`}
      onClick={() => (at.value = { agent, mode: "listen", reason: "" })}
    >
      {word("listen_in")}
    </button>
  );
}

/** The supervisor's own telephone, and the talk he is in. */
export function Listening() {
  if (!me.value?.deeds.includes("listen_in") || (!at.value && !call.value)) return null;
  return (
    <>
      {at.value && <AtTalk key={at.value.agent} {...at.value} />}
      {!me.value.agent && <Telephone />}
    </>
  );
}

function AtTalk({ agent, mode, reason }: { agent: string; mode: Mode; reason: string }) {
  const [why, setWhy] = useState(reason);
  const before = useRef(reason);
  useEffect(() => {
    if (before.current !== reason) setWhy(reason); // not when it is drawn: somebody may have begun to type by then
    before.current = reason;
  }, [reason]);
  const there = call.value?.stage === "up";
  const be = (wanted: Mode) =>
    attempt(async () => {
      await ask("POST", `/api/agents/${agent}/listen_in`, { mode: wanted, reason: why });
      at.value = { agent, mode: wanted, reason: why };
    });
  const leave = () =>
    attempt(async () => {
      await ask("POST", `/api/agents/${agent}/stop_listening`, {});
      at.value = null;
    });
  return (
    <section class="card" aria-labelledby="listening-title">
      <h2 id="listening-title">{word("listening_to", { agent })}</h2>
      <p role="status">{word(there ? `mode.${mode}.now` : "listening_not_yet")}</p>
      {!canBeRung.value && <p>{word("listening_needs_telephone")}</p>}
      <label>
        <span>{word("listen_in.why")}</span>
        <input minLength={3} maxLength={500} dir="auto" disabled={there} value={why} onInput={(event) => setWhy(event.currentTarget.value)} />
      </label>
      <div class="bar" role="group" aria-label={word("listen_in")}>
        {MODES.map((one) => (
          <button
            key={one}
            type="button"
            aria-pressed={there && mode === one}
            disabled={!canBeRung.value || why.trim().length < 3}
            onClick={() => be(one)}
          >
            {word(`mode.${one}`)}
          </button>
        ))}
        <button type="button" onClick={leave}>{word("stop_listening")}</button>
      </div>
    </section>
  );
}

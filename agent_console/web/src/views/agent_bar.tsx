import { useState } from "preact/hooks";
import { ask, attempt } from "../ask";
import { MARKS } from "../marks";
import { canBeRung } from "../phone";
import type { Agent } from "../shapes";
import { agent, choices, connected, now, queue, staleSince } from "../state";
import { minutes, word, wordOr } from "../words";

const WARNED_S = 10;

/** The agent's own state, and what he may do about it. */
export function AgentBar() {
  const here = agent.value;
  const state = here?.state ?? "off";
  return (
    <div class={`card bar state-${state}`}>
      <h1>
        <span aria-hidden="true">{MARKS[state]}</span> <span role="status">{stateName(here)}</span>
      </h1>
      <span class="clock">{here ? minutes(now.value - here.since) : ""}</span>
      <Moves />
      <Queue />
      <WrapUp />
    </div>
  );
}

function stateName(here: Agent | null): string {
  const name = word(`state.${here?.state ?? "off"}`);
  if (!here?.reason) return name;
  if (here.state === "break") return `${name} (${wordOr(`break.${here.reason}`, here.reason)})`;
  if (here.state === "not_answering") return `${name}: ${wordOr(`not_answering.${here.reason}`, word("not_answering"))}`;
  return name;
}

function Moves() {
  const here = agent.value;
  const [reason, setReason] = useState("");
  const held = !here || ["offered", "talking"].includes(here.state) || here.disposition_missing;
  // Ready is a promise to callers: not while anything they would need is away (issue: availability cannot lie).
  const rung = canBeRung.value || (here?.phone_reachable ?? false); // this page, or a SIP telephone in its stead
  const able = rung && connected.value && staleSince.value === null;
  const ready = () => attempt(async () => void (agent.value = await ask<Agent>("POST", "/api/agent/state", { state: "ready" })));
  const pause = () =>
    attempt(async () => {
      if (!reason) throw new Error(word("break_needed"));
      agent.value = await ask<Agent>("POST", "/api/agent/state", { state: "break", reason });
    });
  return (
    <>
      <button type="button" class="main" disabled={held || !able || here?.state === "ready"} onClick={ready}>
        {word("go_ready")}
      </button>
      <label class="inline">
        <span>{word("break_reason")}</span>
        <select value={reason} onChange={(event) => setReason(event.currentTarget.value)}>
          <option value="">{word("choose")}</option>
          {choices.value?.break_reasons.map((one) => <option key={one} value={one}>{word(`break.${one}`)}</option>)}
        </select>
      </label>
      <button type="button" disabled={held} onClick={pause}>{word("go_break")}</button>
    </>
  );
}

function Queue() {
  const { waiting, oldest } = queue.value;
  return (
    <span class="queue">
      {word("waiting", { n: waiting })}
      {oldest !== null && ` · ${word("longest", { time: minutes(now.value - oldest) })}`}
    </span>
  );
}

function WrapUp() {
  const here = agent.value;
  if (here?.state !== "wrap_up" || here.wrap_up_ends === null) return null;
  const left = here.wrap_up_ends - now.value;
  const key = here.disposition_missing ? "wrap_up_missing" : "wrap_up_given";
  const soon = left < WARNED_S;
  return (
    <p class={soon ? "wrap-up soon" : "wrap-up"}>
      <span class="unseen" role="status">{soon ? word("wrap_up_ends_soon") : ""}</span>
      {soon && "⚠ "}
      {word(key, { time: minutes(left) })}
    </p>
  );
}

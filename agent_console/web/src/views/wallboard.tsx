import { useState } from "preact/hooks";
import { ask, attempt } from "../ask";
import { useKept } from "../kept";
import { MARKS } from "../marks";
import type { Agent, CallbackToSee, Day, Wall } from "../shapes";
import { me, now, queue, wall } from "../state";
import { minutes, moment, word, wordOr } from "../words";
import { CallBack } from "./call_back";
import { ListenButton } from "./listening";
import { SuspendButton, SuspendedAgents } from "./suspending";
import { DayTrend } from "./trend";

const LONG_WAIT_S = 120;
const WORKING: Agent["state"][] = ["ready", "offered", "talking", "wrap_up", "not_answering", "break"];

/** What a supervisor sees from across the room: figures of now in large, of the day in tables. */
export function Wallboard() {
  const shown = wall.value;
  if (!shown) return <p class="card" role="status">{word("wall.reading")}</p>;
  return (
    <>
      <Now shown={shown} />
      {shown.day && <Today day={shown.day} lines={shown.lines} at={shown.day_at} />}
      <DayTrend />
      <div class="columns">
        <Agents shown={shown} />
        <div>
          {shown.day && <Danger day={shown.day} />}
          {shown.day && <SurgeSwitch on={shown.day.surge} />}
          <Callbacks />
          {me.value?.roles.includes("supervisor") && <SuspendedAgents />}
        </div>
      </div>
    </>
  );
}

function Now({ shown }: { shown: Wall }) {
  const { waiting, oldest } = queue.value;
  const longest = oldest === null ? 0 : now.value - oldest;
  const count = (state: Agent["state"]) => shown.agents.filter((one) => one.state === state).length;
  return (
    <section class="tiles" aria-label={word("wall.now")}>
      <Tile name={word("wall.waiting")} value={waiting} />
      <Tile name={word("wall.longest")} value={minutes(longest)} alarm={longest > LONG_WAIT_S} />
      {WORKING.map((state) => (
        <Tile key={state} name={`${MARKS[state]} ${word(`state.${state}`)}`} value={count(state)} />
      ))}
    </section>
  );
}

function Tile({ name, value, alarm = false }: { name: string; value: string | number; alarm?: boolean }) {
  return (
    <div class={alarm ? "tile alarm" : "tile"}>
      <span>{name}</span>
      <strong>
        {alarm && "⚠ "}
        <bdi>{value}</bdi>
      </strong>
    </div>
  );
}

function Today({ day, lines, at }: { day: Day; lines: number; at: number | null }) {
  const given = Object.entries(day.outcomes).filter(([, count]) => count > 0);
  return (
    <section class="card" aria-labelledby="today-title">
      <h2 id="today-title">{word("wall.today")}</h2>
      <div class="tiles small">
        <Tile name={word("wall.offered")} value={day.offered} />
        <Tile name={word("wall.answered")} value={day.answered} />
        <Tile name={word("wall.abandoned")} value={day.abandoned} />
        <Tile name={word("wall.lost")} value={day.lost} alarm={day.lost > 0} />
        {day.levels.map((one) => (
          <Tile
            key={one.within_s}
            name={word("wall.level", { target: Math.round(one.target * 100), within: one.within_s })}
            value={one.share === null ? "–" : `${Math.round(one.share * 100)} %`}
            alarm={one.share !== null && one.share < one.target}
          />
        ))}
        <Tile name={word("wall.lines", { lines })} value={day.going} alarm={day.going >= lines} />
        <Tile name={word("wall.callbacks_kept")} value={`${day.callbacks_kept} / ${day.callbacks_made}`} />
        <Tile name={word("wall.callbacks_late")} value={day.callbacks_late} alarm={day.callbacks_late > 0} />
      </div>
      <p class={day.balanced ? "sum" : "sum late"}>
        {day.balanced && "✓ "}
        {word(day.balanced ? "wall.adds_up" : "wall.does_not_add_up", { offered: day.offered, without: day.without_outcome })}
        {": "}
        <bdi>
          {given.map(([name, count]) => `${wordOr(`outcome.${name}`, name)} ${count}`).join(" + ")}
          {day.going > 0 && ` + ${word("wall.going")} ${day.going}`}
        </bdi>
      </p>
      {at !== null && <p class="soft">{word("wall.read_at", { time: minutes(Math.max(0, now.value - at)) })}</p>}
    </section>
  );
}

function Agents({ shown }: { shown: Wall }) {
  const listens = me.value?.deeds.includes("listen_in") ?? false;
  const suspends = me.value?.roles.includes("supervisor") ?? false;
  return (
    <section class="card" aria-labelledby="agents-title">
      <h2 id="agents-title">{word("wall.agents", { n: shown.agents.length })}</h2>
      {shown.agents.length ? (
        <div class="scroll" tabIndex={0} role="region" aria-labelledby="agents-title">
          <table>
            <thead>
              <tr>
                <th scope="col">{word("wall.agent")}</th>
                <th scope="col">{word("status")}</th>
                <th scope="col">{word("wall.since")}</th>
                <th scope="col">{word("vendor")}</th>
                {listens && <th scope="col">{word("listen_in")}</th>}
                {suspends && <th scope="col">{word("suspend")}</th>}
              </tr>
            </thead>
            <tbody>
              {shown.agents.map((one) => (
                <tr key={one.agent}>
                  <td><bdi>{one.agent}</bdi></td>
                  <td>
                    <span aria-hidden="true">{MARKS[one.state]}</span> {word(`state.${one.state}`)}
                    {one.state === "break" && one.reason && ` (${wordOr(`break.${one.reason}`, one.reason)})`}
                    {!one.reachable && ` · ⚠ ${word("wall.unreachable")}`}
                  </td>
                  <td class="clock">{minutes(now.value - one.since)}</td>
                  <td><bdi>{one.vendor}</bdi></td>
                  {listens && <td><ListenButton agent={one.agent} talking={one.state === "talking"} /></td>}
                  {suspends && <td><SuspendButton agent={one.agent} /></td>}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : (
        <p>{word("wall.no_agents")}</p>
      )}
    </section>
  );
}

function Danger({ day }: { day: Day }) {
  return (
    <section class="card" aria-labelledby="danger-title">
      <h2 id="danger-title">{word("wall.danger")}</h2>
      {day.danger.length ? (
        <ul class="plain">
          {day.danger.map((one) => (
            <li key={one.docket}>
              ⚠ <bdi>{one.docket}</bdi> · {word(`docket.${one.state}`)} · <bdi>{minutes(now.value - one.since)}</bdi>
            </li>
          ))}
        </ul>
      ) : (
        <p>{word("wall.no_danger")}</p>
      )}
    </section>
  );
}

/** Short menu and callbacks first, for the next call on; who switched and why is kept. */
function SurgeSwitch({ on }: { on: boolean }) {
  const [reason, setReason] = useKept("surge", "");
  const turn = () =>
    attempt(async () => {
      await ask("POST", "/api/surge", { on: !on, reason });
      setReason("");
      if (wall.value?.day) wall.value = { ...wall.value, day: { ...wall.value.day, surge: !on } };
    });
  return (
    <section class="card" aria-labelledby="surge-title">
      <h2 id="surge-title">{word("surge")}</h2>
      <p role="status">{on ? `⚠ ${word("surge.on")}` : word("surge.off")}</p>
      <label>
        <span>{word("surge.reason")}</span>
        <input maxLength={200} dir="auto" value={reason} onInput={(event) => setReason(event.currentTarget.value)} />
      </label>
      <button type="button" onClick={turn}>{word(on ? "surge.switch_off" : "surge.switch_on")}</button>
    </section>
  );
}

/** Promised callbacks that are open or were never reached: read when asked for. */
function Callbacks() {
  const [found, setFound] = useState<CallbackToSee[] | null>(null);
  const read = () =>
    attempt(async () => setFound((await ask<{ to_see: CallbackToSee[] }>("GET", "/api/callbacks")).to_see));
  return (
    <section class="card" aria-labelledby="callbacks-title">
      <h2 id="callbacks-title">{word("callbacks")}</h2>
      <button type="button" onClick={read}>{word(found ? "refresh" : "callbacks.show")}</button>
      {found && !found.length && <p>{word("callbacks.none")}</p>}
      {found && found.length > 0 && (
        <ul class="plain">
          {found.map((one) => (
            <li key={one.cause}>
              {wordOr(`callbacks.${one.purpose}`, one.purpose)} · {word("callbacks.promised", { time: moment(one.promised_at) })} ·{" "}
              {word("due", { time: moment(one.due_at) })} · {word("callbacks.tries", { n: one.tries })}{" "}
              <CallBack call_ref={one.call_ref} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

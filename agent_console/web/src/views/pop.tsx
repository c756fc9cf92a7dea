import type { ComponentChildren } from "preact";
import type { Pop } from "../shapes";
import { now, pop } from "../state";
import { minutes, word, wordOr } from "../words";
import { areaName, categoryName, flagName } from "./names";
import { OpenDocket } from "./open_docket";

/** What is known before the call is answered (domain.md 3.3). */
export function ScreenPop() {
  const shown = pop.value;
  return (
    <section class="card" aria-labelledby="pop-title">
      <h2 id="pop-title">{word("caller")}</h2>
      <p class="unseen" role="status">{shown ? `${word("caller")}: ${shown.phone ?? word("withheld")}` : ""}</p>
      {shown ? <Known shown={shown} /> : <p>{word("nobody")}</p>}
    </section>
  );
}

function Known({ shown }: { shown: Pop }) {
  return (
    <dl>
      <Pair name={word("kind_of_call")}>{wordOr(`call.${shown.kind}`, "")}</Pair>
      <Pair name={word("handed_by")}>{shown.handed_by}</Pair>
      <Pair name={word("number")}>{shown.phone ?? word("withheld")}</Pair>
      <Pair name={word("language")}>{wordOr(`language.${shown.language}`, shown.language)}</Pair>
      <Pair name={word("category")}>{categoryName(shown.category)}</Pair>
      <Pair name={word("waited")}>{minutes(shown.waited_s)}</Pair>
      <Pair name={word("calls_of_late")}>{shown.calls_of_late ? shown.calls_of_late : ""}</Pair>
      <Pair name={word("path")}>{wayOf(shown.path)}</Pair>
      {shown.held && <Pair name={word("held_for")}>{minutes(now.value - (shown.held_since ?? now.value))}</Pair>}
      {shown.consumers.map((one) => (
        <Pair key={one.number} name={one.chosen ? `✓ ${word("consumer")}` : word("consumer")}>
          {[one.number, areaName(one.area), one.transformer, ...one.flags.map(flagName)].join(" · ")}
        </Pair>
      ))}
      {shown.open_dockets.map((one, place) => (
        <Pair key={one.number} name={word("open_docket")} apart={false}>
          <OpenDocket docket={one} first={place === 0} />
        </Pair>
      ))}
    </dl>
  );
}

/** The steps that mean something to a person (dialplan/flows/inbound.toml names them all), each once in a row. */
function wayOf(path: readonly string[]): string {
  const names = path.map((step) => wordOr(`step.${step}`, "")).filter((name) => name !== "");
  return names.filter((name, place) => name !== names[place - 1]).join(" › ");
}

/** A number keeps its own direction inside Urdu, at its line's start. */
function Pair({ name, children, apart = true }: { name: string; children: ComponentChildren; apart?: boolean }) {
  if (children === "" || children === null) return null;
  return (
    <>
      <dt>{name}</dt>
      <dd>{apart ? <bdi>{children}</bdi> : children}</dd>
    </>
  );
}

import { computed, effect } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { addressOf, go, place } from "../address";
import { call } from "../phone";
import type { Me } from "../shapes";
import { agent, me, said } from "../state";
import { word } from "../words";
import { Account } from "./account";
import { AgentBar } from "./agent_bar";
import { Consumers } from "./consumers";
import { Disposition } from "./disposition";
import { DocketPage } from "./docket";
import { DocketForm } from "./docket_form";
import { Dockets } from "./dockets";
import { EditionPage } from "./edition";
import { Editions } from "./editions";
import { Header } from "./header";
import { Inbox } from "./inbox";
import { InspectionPage } from "./inspection";
import { Listening } from "./listening";
import { LogIn } from "./log_in";
import { OfficerDesk } from "./officer";
import { OwnScores } from "./own_scores";
import { People } from "./people";
import { ScreenPop } from "./pop";
import { PromisedTimes } from "./promised_times";
import { RecordingPage } from "./recording";
import { Recordings } from "./recordings";
import { SipAccount } from "./sip_account";
import { Telephone } from "./telephone";
import { Wallboard } from "./wallboard";

/** The views of the page in the order they are offered, each for whom the server would answer. */
const VIEWS: { name: string; deed: string; shown: () => VNode; reached?: "from another" }[] = [
  { name: "calls", deed: "be_agent", shown: () => <AgentDesk /> },
  { name: "mine", deed: "claim", shown: () => <OfficerDesk /> },
  { name: "wall", deed: "see_wall", shown: () => <Wallboard /> },
  { name: "inspection", deed: "inspect", shown: () => <InspectionPage /> },
  { name: "recordings", deed: "search_recordings", shown: () => <Recordings /> },
  { name: "dockets", deed: "see_dockets", shown: () => <Dockets /> },
  { name: "inbox", deed: "settle_inbox", shown: () => <Inbox /> },
  { name: "own_scores", deed: "see_own_scores", shown: () => <OwnScores /> },
  { name: "docket", deed: "see_dockets", shown: () => <DocketPage />, reached: "from another" },
  { name: "recording", deed: "hear", shown: () => <RecordingPage />, reached: "from another" },
  { name: "consumers", deed: "keep_consumers", shown: () => <Consumers /> },
  { name: "people", deed: "keep_people", shown: () => <People /> },
  { name: "promised_times", deed: "keep_promised_times", shown: () => <PromisedTimes /> },
  { name: "editions", deed: "keep_editions", shown: () => <Editions /> },
  { name: "edition", deed: "keep_editions", shown: () => <EditionPage />, reached: "from another" },
  { name: "account", deed: "own_second_factor", shown: () => <Account /> },
];

const offered = computed(() => VIEWS.filter((one) => me.value?.deeds.includes(one.deed)));
const here = computed(() => offered.value.find((one) => one.name === place.value.view) ?? offered.value[0] ?? null);

effect(() => {
  const view = here.value ? `${word(`view.${here.value.name}`)} · ` : "";
  document.title = call.value?.stage === "ringing" ? `☎ ${word("state.offered")}` : view + word("title");
});

/** Everything below the header: the view of the address, else the first a log-in has. */
export function Desk() {
  const who = me.value;
  return (
    <>
      <Header />
      <main id="main" tabIndex={-1}>
        {said.value && <p class="said" role="alert">{said.value}</p>}
        {who === null && <LogIn />}
        {who && <Views key={who.csrf} who={who} />}
      </main>
    </>
  );
}

function Views({ who }: { who: Me }) {
  const shown = here.value;
  const ringing = agent.value?.state === "offered";
  useEffect(() => {
    if (ringing) go("calls"); // whatever he was reading, a caller comes first
  }, [ringing]);
  const view = useRef<HTMLDivElement>(null);
  const before = useRef(shown?.name);
  useEffect(() => {
    if (before.current !== shown?.name && view.current) beginAt(view.current);
    before.current = shown?.name;
  }, [shown?.name]);
  if (!shown) return null;
  return (
    <>
      <nav class="views" aria-label={word("views")}>
        {offered.value.filter((one) => !one.reached).map((one) => (
          <a key={one.name} href={addressOf(one.name)} aria-current={one === shown ? "page" : undefined}>
            {word(`view.${one.name}`)}
          </a>
        ))}
      </nav>
      {who.agent && <AgentBar />}
      {who.agent && shown.name !== "calls" && call.value && <Telephone />}
      <Listening />
      <div class="view" ref={view} tabIndex={-1}>{shown.shown()}</div>
    </>
  );
}

/** Who goes to another view goes on there, and hears where he is: its heading, if it is there at once. */
function beginAt(view: HTMLElement): void {
  const heading = view.querySelector<HTMLElement>("h1, h2");
  heading?.setAttribute("tabindex", "-1");
  (heading ?? view).focus({ preventScroll: true });
}

function AgentDesk() {
  return (
    <>
      <div class="columns">
        <div>
          <Telephone />
          <ScreenPop />
        </div>
        <div>
          <Disposition />
          <DocketForm />
        </div>
      </div>
      <SipAccount />
    </>
  );
}

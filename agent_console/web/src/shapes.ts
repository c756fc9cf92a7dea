// What the server says; the Python side of each is named beside it.

/** agent_console/login_api.py: Me */
export interface Me {
  name: string;
  roles: string[];
  /** agent_console/door.py: what the server would do for this log-in. */
  deeds: string[];
  agent: string | null;
  officer: string | null;
  company: string;
  unit: string | null;
  csrf: string;
  /** The line's own time zone (IANA): every moment is shown in it, wherever the reader sits. */
  timezone: string;
  wrapup_s: number;
}

/** agent_console/signing_in.py: AgentView; moments are epoch seconds of the server. */
export interface Agent {
  agent: string;
  state: "ready" | "break" | "wrap_up" | "offered" | "talking" | "not_answering" | "off";
  since: number;
  reason: string;
  call_ref: string | null;
  phone_reachable: boolean;
  page_alive: boolean;
  wrap_up_ends: number | null;
  disposition_missing: boolean;
}

/** ivr/screen_pop.py: PopConsumer */
export interface PopConsumer {
  number: string;
  area: string;
  transformer: string;
  language: string | null;
  flags: string[];
  chosen: boolean;
}

/** ivr/screen_pop.py: PopDocket */
export interface PopDocket {
  number: string;
  category: string;
  state: string;
  due_at: string;
  version: number;
}

/** ivr/screen_pop.py: ScreenPop */
export interface Pop {
  call_ref: string;
  kind: string;
  phone: string | null;
  language: string;
  category: string;
  waited_s: number;
  calls_of_late: number;
  priority: number;
  path: string[];
  /** The agent who hands this caller on to us; and how handing him on to another stands. */
  handed_by: string | null;
  hand_on: { to: string; stage: "ringing" | "speaking" | "no_answer" } | null;
  /** The caller hears music; since when, in epoch seconds. */
  held: boolean;
  held_since: number | null;
  consumers: PopConsumer[];
  docket: PopDocket | null;
  open_dockets: PopDocket[];
}

/** agent_console/choices_api.py: Choices */
export interface Choices {
  categories: { code: string; names: Record<string, string> }[];
  units: { id: string; kind: string; name: string; parent: string | null }[];
  dispositions: string[];
  cause_codes: string[];
  break_reasons: string[];
}

/** agent_console/docket_shapes.py: DocketView, what the page uses of it */
export interface Docket {
  number: string;
  category: string;
  state: string;
  level: number;
  registered_at: string;
  due_at: string;
  unit: string | null;
  owner: string | null;
  phone: string | null;
  sealed: boolean;
  claimed_at: string | null;
  claimed_by: string | null;
  claims: number;
  reopened: number;
  repeats: number;
  closed_at: string | null;
  version: number;
}

/** agent_console/docket_shapes.py: TimelineView */
export interface TimelineRow {
  at: string;
  actor: string;
  deed: string;
  before: string | null;
  after: string;
  note: string;
}

/** agent_console/docket_shapes.py: RegisterView, what the page uses of it */
export interface Attempt {
  n: number;
  claim: number;
  attempt: number;
  at: string;
  by: string;
  verdict: string;
  dialled: string | null;
  duration_s: number;
  erased: boolean;
  recording: string | null;
  reason_recording: string | null;
}

/** agent_console/recordings_api.py: ScoreView */
export interface Score {
  call_ref: string;
  scorer: string;
  agent: string;
  at: string;
  points: Record<string, boolean | null>;
  score: number | null;
  remark: string;
  contested: string | null;
  contested_at: string | null;
  answer: string | null;
  answered_by: string | null;
  answered_at: string | null;
}

/** agent_console/recordings_api.py: RecordedCall */
export interface RecordedCall {
  call_ref: string;
  kind: string;
  offered_at: string;
  ended_at: string | null;
  talked_at: string | null;
  agent: string | null;
  docket: string | null;
  phone: string | null;
  language: string | null;
  outcome: string | null;
  ended_by: string | null;
  disposition: string | null;
  second: boolean;
  recorded: boolean;
  scores: Score[];
}

/** agent_console/recordings_api.py: Mark */
export interface Mark {
  at_s: number;
  what: string;
}

/** agent_console/recordings_api.py: OneRecording */
export interface OneRecording {
  call: RecordedCall;
  parts: Part[];
  seconds: number | null;
  missing_s: number;
  marks: Mark[];
  listened: { at: string; actor: string; why: string }[];
}

export type Part = "call" | "message" | "reason";

/** agent_console/inspection_api.py: InspectionView */
export interface Inspection {
  day: string;
  inspector: string;
  dockets: Drawn[];
}

export interface Drawn {
  n: number;
  docket: Docket;
  calls: RecordedCall[];
  finding: "true" | "doubtful" | "false" | null;
  words: string | null;
  found_at: string | null;
}

/** agent_console/inbox_api.py: MessageView */
export interface RecordedMessage {
  call_ref: string;
  at: string;
  phone: string | null;
  company: string | null;
}

/** agent_console/agent_api.py: Phone */
export interface Account {
  address: string;
  port: number;
  user: string;
  password: string;
}

/** agent_console/agent_api.py: Colleague */
export interface Colleague {
  agent: string;
  languages: string[];
  categories: string[];
}

/** agent_console/wall.py; moments are epoch seconds of the server */
export interface Wall {
  agents: { agent: string; state: Agent["state"]; since: number; reason: string; reachable: boolean; vendor: string | null }[];
  day: Day | null;
  day_at: number | null;
  lines: number;
}

/** agent_console/wall.py: Day */
export interface Day {
  offered: number;
  outcomes: Record<string, number>;
  going: number;
  without_outcome: number;
  lost: number;
  balanced: boolean;
  asked_for_person: number;
  answered: number;
  abandoned: number;
  levels: { within_s: number; target: number; share: number | null }[];
  callbacks_made: number;
  callbacks_kept: number;
  callbacks_open: number;
  callbacks_late: number;
  callbacks_not_reached: number;
  danger: { docket: string; state: string; since: number }[];
  surge: boolean;
}

/** agent_console/promised_times_api.py: PromisedTime */
export interface PromisedTime {
  code: string;
  names: Record<string, string>;
  urban_h: number;
  rural_h: number;
  verify_after_min: number | null;
  urban_due: string;
  rural_due: string;
  history: { at: string; actor: string; reason: string; before: Record<string, string>; after: Record<string, string> }[];
}

/** agent_console/trend_api.py: SlotView */
export interface Slot {
  at: number;
  offered: number;
  talked: number;
  lost: number;
}

/** agent_console/trend_api.py: Trend */
export interface Trend {
  date: string;
  slots: Slot[];
  before: Slot[];
}

/** agent_console/oversight_api.py: CallbackView */
export interface CallbackToSee {
  cause: string;
  purpose: string;
  call_ref: string;
  promised_at: string;
  due_at: string;
  tries: number;
  reached: boolean;
}

/** agent_console/second_factor_api.py: SecondFactorView */
export interface SecondFactor {
  on: boolean;
  recovery_codes_left: number;
}

/** agent_console/second_factor_api.py: SecondFactorBegun */
export interface SecondFactorBegun {
  secret: string;
  uri: string;
}

/** agent_console/people_shapes.py: Person */
export interface Person {
  name: string;
  roles: string[];
  agent: string | null;
  officer: string | null;
  company: string | null;
  unit: string | null;
  languages: string[];
  categories: string[];
  vendor: string | null;
  shift: { starts: string; ends: string; days: number[] } | null;
  active: boolean;
}

/** agent_console/people_shapes.py: PeopleFound */
export interface PeopleFound {
  found: Person[];
  vendors: string[];
  companies: string[];
  roles: string[];
  languages: string[];
  categories: string[];
}

/** agent_console/consumers_api.py: KnownConsumer */
export interface KnownConsumer {
  number: string;
  company: string;
  area: string;
  transformer: string;
  language: string | null;
  flags: string[];
}

/** agent_console/live.py: what comes by the page's WebSocket */
export interface Message {
  type: "snapshot" | "agent" | "pop" | "queue" | "wall" | "stale" | "ask" | "end";
  n: number;
  now?: number;
  agent?: Agent | null;
  pop?: Pop | null;
  waiting?: number;
  oldest?: number | null;
  since?: number;
  wall?: Wall | null;
}

/** agent_console/editions_api.py: EditionView */
export interface Edition {
  number: number;
  at: string | null;
  actor: string | null;
  reason: string | null;
  base: number | null;
  ready: boolean;
  voices: { node: string; ready: boolean; fault: string | null }[];
}

/** agent_console/editions_api.py: EditionList */
export interface EditionList {
  used: number;
  languages: string[];
  editions: Edition[];
  uses: { number: number; at: string; actor: string; reason: string }[];
}

/** agent_console/editions_api.py: PromptView */
export interface EditionPrompt {
  key: string;
  words: Record<string, string>;
  released: Record<string, string>;
  values: string[];
}

/** agent_console/editions_api.py: EditionWhole */
export interface EditionWhole {
  edition: Edition;
  prompts: EditionPrompt[];
  flows: { name: string; text: string; drawing: string; changed: boolean; fixed: boolean }[];
}

/** agent_console/editions_api.py: Checked */
export interface EditionChecked {
  faults: { field: string; reason: string; line: number | null }[];
  drawings: Record<string, string>;
}

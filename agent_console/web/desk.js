// The first, plain desk: log-in, state, screen pop, docket form, disposition; an officer's dockets. No library.

const $ = (id) => document.getElementById(id);
const LANGUAGES = ["hi", "ur", "en"];
const RIGHT_TO_LEFT = new Set(["ur"]);
const MARKS = { ready: "●", break: "▲", wrap_up: "◆", offered: "☎", talking: "☎", not_answering: "■", off: "○" };
const BEAT_MS = 3000;
const RETRY_MAX_MS = 10000;

let words = {};
let me = null;
let choices = null;
let agent = null;
let pop = null;
let queue = { waiting: 0, oldest: null };
let dockets = [];
let socket = null;
let retryMs = 500;
let clockAhead = 0; // server's clock minus ours, seconds
let staleSince = null;
let connected = false;

// --- words -----------------------------------------------------------------------------------------------------------

const word = (key, values = {}) =>
  Object.entries(values).reduce((text, [name, value]) => text.replaceAll(`{${name}}`, value), words[key] ?? key);

async function speak(language) {
  const answer = await fetch(`/web/words.${language}.json`);
  words = await answer.json();
  localStorage.setItem("sunwai.language", language);
  document.documentElement.lang = language;
  document.documentElement.dir = RIGHT_TO_LEFT.has(language) ? "rtl" : "ltr";
  for (const node of document.querySelectorAll("[data-word]")) node.textContent = word(node.dataset.word);
  for (const node of document.querySelectorAll("[data-label]")) node.setAttribute("aria-label", word(node.dataset.label));
  for (const button of document.querySelectorAll("[data-language]"))
    button.setAttribute("aria-pressed", String(button.dataset.language === language));
  offerChoices();
  showAll();
}

const language = () => document.documentElement.lang;
const clock = (moment) =>
  new Intl.DateTimeFormat(`${language()}-IN-u-nu-latn`, { dateStyle: "medium", timeStyle: "short" }).format(moment);
const minutes = (seconds) => {
  const whole = Math.max(0, Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
};

// --- asking the server -----------------------------------------------------------------------------------------------

async function ask(method, path, body) {
  const headers = { "X-Sunwai-CSRF": me?.csrf ?? "" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new Error(word("no_answer"));
  }
  const said = await answer.json().catch(() => ({}));
  if (answer.status === 401 && me) await begin();
  if (!answer.ok) throw new Error(said.error ?? word("no_answer"));
  return said;
}

function say(sentence) {
  $("said").textContent = sentence ?? "";
  $("said").hidden = !sentence;
}

/** Runs a deed once at a time for its control; what it throws is shown, what was typed stays. */
function does(control, event, deed) {
  control.addEventListener(event, async (happened) => {
    happened.preventDefault();
    const button = happened.submitter ?? control;
    if (button.disabled) return;
    button.disabled = true;
    say();
    try {
      await deed();
    } catch (error) {
      say(error.message);
    } finally {
      button.disabled = false;
      showAll();
    }
  });
}

// --- the wire: snapshot, then numbered changes -----------------------------------------------------------------------

function listen() {
  if (socket || !me) return;
  const here = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`);
  socket = here;
  const beating = setInterval(() => here.readyState === WebSocket.OPEN && here.send('{"type":"beat"}'), BEAT_MS);
  here.onopen = () => {
    connected = true;
    retryMs = 500;
    showAll();
  };
  here.onmessage = (message) => hear(JSON.parse(message.data));
  here.onclose = (closing) => {
    clearInterval(beating);
    connected = false;
    socket = null;
    showAll();
    if (closing.code === 4401) begin();
    else if (me) setTimeout(listen, retryMs * (0.5 + Math.random() / 2));
    retryMs = Math.min(RETRY_MAX_MS, retryMs * 2);
  };
}

function hear(message) {
  if (message.type === "stale") staleSince = message.since;
  else staleSince = null;
  if (message.type === "snapshot") clockAhead = message.now - Date.now() / 1000;
  if ("agent" in message) agent = message.agent;
  if ("pop" in message) heardPop(message.pop);
  if ("waiting" in message) queue = { waiting: message.waiting, oldest: message.oldest };
  showAll();
}

/** A new call prefills the form; the same call again changes nothing the agent has typed. */
function heardPop(found) {
  const isNew = found && found.call_ref !== pop?.call_ref;
  pop = found;
  if (!isNew) return;
  const form = $("docket");
  form.reset();
  $("disposition").reset();
  $("registered").textContent = "";
  form.elements.category.value = choices?.categories.some((one) => one.code === pop.category) ? pop.category : "";
  const chosen = pop.consumers.find((one) => one.chosen) ?? (pop.consumers.length === 1 ? pop.consumers[0] : null);
  form.elements.consumer_number.value = chosen?.number ?? "";
  form.elements.unit.value = chosen?.area ?? "";
}

// --- showing ---------------------------------------------------------------------------------------------------------

/** Writes only what changed: a live region that is written again is read aloud again. */
function put(id, text) {
  if ($(id).textContent !== text) $(id).textContent = text;
}

function showAll() {
  const isAgent = Boolean(me?.agent);
  const isOfficer = Boolean(me?.officer);
  $("log-in").hidden = Boolean(me) || !Object.keys(words).length;
  $("log-out").hidden = !me;
  put("who", me ? (me.agent ?? me.officer ?? me.name) : "");
  $("agent").hidden = !isAgent;
  $("officer").hidden = !isOfficer;
  $("nothing").hidden = !me || isAgent || isOfficer;
  showLine();
  if (isAgent) {
    showState();
    showPop();
  }
  if (isOfficer) showDockets();
}

function showLine() {
  const away = Boolean(me) && (!connected || staleSince !== null);
  $("line").classList.toggle("away", away);
  const since = staleSince === null ? "" : clock(new Date(staleSince * 1000));
  put("line", !away ? "" : `⚠ ${connected ? word("stale", { since }) : word("connecting")}`);
}

function showState() {
  const state = agent?.state ?? "off";
  const now = Date.now() / 1000 + clockAhead;
  put("state-mark", MARKS[state]);
  const why = state === "break" && agent.reason ? ` (${words[`break.${agent.reason}`] ?? agent.reason})` : "";
  put("state", word(`state.${state}`) + why);
  put("since", agent ? minutes(now - agent.since) : "");
  const held = ["offered", "talking"].includes(state) || Boolean(agent?.disposition_missing);
  $("ready").disabled = held || state === "ready";
  $("break").disabled = held;
  $("hang-up").hidden = state !== "talking";
  const oldest = queue.oldest === null ? "" : ` · ${word("longest", { time: minutes(now - queue.oldest) })}`;
  const phone = agent && !agent.phone_reachable ? ` · ⚠ ${word("phone_missing")}` : "";
  put("queue", word("waiting", { n: queue.waiting }) + oldest + phone);
  $("disposition").hidden = !["talking", "wrap_up"].includes(state);
  const left = agent?.wrap_up_ends ? agent.wrap_up_ends - now : 0;
  const key = agent?.disposition_missing ? "wrap_up_missing" : "wrap_up_given";
  put("wrap-up", state === "wrap_up" ? word(key, { time: minutes(left) }) : "");
}

function pair(list, name, value) {
  if (value === null || value === undefined || value === "") return;
  const term = document.createElement("dt");
  const said = document.createElement("dd");
  const apart = document.createElement("bdi"); // a number keeps its own direction inside Urdu, at its line's start
  term.textContent = name;
  apart.textContent = value;
  said.append(apart);
  list.append(term, said);
}

let poppedLast = null;

/** Built anew only when it changed, so that a screen reader is not told the same every second. */
function showPop() {
  const key = JSON.stringify([pop, language()]);
  if (key === poppedLast) return;
  poppedLast = key;
  const list = document.createElement("dl");
  if (pop) {
    if (words[`call.${pop.kind}`]) pair(list, word("kind_of_call"), word(`call.${pop.kind}`));
    pair(list, word("number"), pop.phone ?? word("withheld"));
    pair(list, word("language"), words[`language.${pop.language}`] ?? pop.language);
    pair(list, word("category"), categoryName(pop.category));
    pair(list, word("waited"), minutes(pop.waited_s));
    pair(list, word("path"), pop.path.join(" › "));
    for (const one of pop.consumers)
      pair(list, one.chosen ? `✓ ${word("consumer")}` : word("consumer"),
        [one.number, areaName(one.area), one.transformer, ...one.flags].join(" · "));
    for (const one of pop.open_dockets)
      pair(list, word("open_docket"), [one.number, categoryName(one.category), word(`docket.${one.state}`),
        word("due", { time: clock(new Date(one.due_at)) })].join(" · "));
  }
  const nobody = document.createElement("p");
  nobody.textContent = word("nobody");
  $("pop").replaceChildren(pop ? list : nobody);
  $("consumers").replaceChildren(...(pop?.consumers ?? []).map((one) => option(one.number, areaName(one.area))));
}

const categoryName = (code) => {
  const names = choices?.categories.find((one) => one.code === code)?.names;
  return names?.[language()] ?? names?.en ?? code;
};
const areaName = (id) => choices?.units.find((one) => one.id === id)?.name ?? id;

function option(value, text) {
  const made = document.createElement("option");
  made.value = value;
  made.textContent = text;
  return made;
}

/** Fills a select; what was chosen stays chosen, also in another language. */
function offer(select, options) {
  const kept = select.value;
  select.replaceChildren(option("", word("choose")), ...options);
  select.value = kept;
}

function offerChoices() {
  if (!choices) return;
  const { category, unit } = $("docket").elements;
  offer(category, choices.categories.map((one) => option(one.code, categoryName(one.code))));
  offer(unit, choices.units.filter((one) => one.kind === "subdivision").map((one) => option(one.id, one.name)));
  offer($("disposition").elements.disposition,
    choices.dispositions.map((one) => option(one, word(`disposition.${one}`))));
  offer($("break-reason"), choices.break_reasons.map((one) => option(one, word(`break.${one}`))));
}

// --- officers --------------------------------------------------------------------------------------------------------

let docketsLast = null;

function showDockets() {
  const key = JSON.stringify([dockets, language()]);
  if (key === docketsLast) return;
  docketsLast = key;
  const table = document.createElement("table");
  const head = table.createTHead().insertRow();
  for (const name of ["number", "category", "status", "due_by", "work_done"]) {
    const cell = document.createElement("th");
    cell.scope = "col";
    cell.textContent = word(name);
    head.append(cell);
  }
  const body = table.createTBody();
  for (const docket of dockets) addDocket(body.insertRow(), docket);
  const none = document.createElement("p");
  none.textContent = word("no_dockets");
  const scroll = document.createElement("div");
  scroll.className = "scroll";
  scroll.append(table);
  $("dockets").replaceChildren(dockets.length ? scroll : none);
}

function addDocket(row, docket) {
  const cells = [docket.number, categoryName(docket.category), word(`docket.${docket.state}`)];
  for (const text of cells) row.insertCell().textContent = text;
  const due = row.insertCell();
  due.textContent = clock(new Date(docket.due_at));
  if (new Date(docket.due_at) < Date.now() + clockAhead * 1000) due.className = "late";
  const work = row.insertCell();
  if (!["assigned", "accepted", "on_site", "waiting", "reopened", "linked_to_outage"].includes(docket.state)) return;
  const cause = document.createElement("select");
  cause.setAttribute("aria-label", `${word("cause")} ${docket.number}`);
  offer(cause, choices.cause_codes.map((one) => option(one, word(`cause.${one}`))));
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = word("work_done");
  button.setAttribute("aria-label", `${word("work_done")} ${docket.number}`);
  work.append(cause, " ", button);
  does(button, "click", async () => {
    if (!cause.value) throw new Error(word("cause_needed"));
    const body = { cause_code: cause.value, version: docket.version };
    await ask("POST", `/api/dockets/${docket.number}/claim`, body);
    await readDockets();
  });
}

async function readDockets() {
  dockets = (await ask("GET", "/api/dockets?owner=me&limit=100")).dockets;
}

// --- deeds -----------------------------------------------------------------------------------------------------------

function wire() {
  does($("log-in"), "submit", async () => {
    const { name, password } = $("log-in").elements;
    me = await ask("POST", "/api/login", { name: name.value, password: password.value });
    password.value = "";
    await enter();
  });
  does($("log-out"), "click", async () => {
    await ask("POST", "/api/logout", {});
    await begin();
  });
  does($("ready"), "click", async () => (agent = await ask("POST", "/api/agent/state", { state: "ready" })));
  does($("break"), "click", async () => {
    const reason = $("break-reason").value;
    if (!reason) throw new Error(word("break_needed"));
    agent = await ask("POST", "/api/agent/state", { state: "break", reason });
  });
  does($("hang-up"), "click", () => ask("POST", `/api/calls/${agent.call_ref}/hang_up`, {}));
  does($("disposition"), "submit", async () => {
    const { disposition, note } = $("disposition").elements;
    const body = { disposition: disposition.value, note: note.value };
    agent = await ask("POST", `/api/calls/${agent.call_ref}/disposition`, body);
  });
  does($("docket"), "submit", register);
  does($("make-phone"), "click", async () => {
    const account = await ask("POST", "/api/agent/phone", {});
    $("phone-account").replaceChildren();
    for (const [name, value] of Object.entries(account)) pair($("phone-account"), word(`phone.${name}`), value);
  });
  does($("again"), "click", readDockets);
  for (const button of document.querySelectorAll("[data-language]"))
    button.addEventListener("click", () => speak(button.dataset.language));
}

// Outside https browsers have no randomUUID.
const newRequestId = () => crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`.replace(".", "-");
let requestId = newRequestId();

async function register() {
  const form = $("docket").elements;
  const body = { category: form.category.value, language: pop?.language ?? language(), note: form.note.value };
  if (pop) body.call_ref = pop.call_ref;
  else body.request_id = requestId;
  if (form.consumer_number.value) body.consumer_number = form.consumer_number.value;
  else if (form.unit.value) body.unit = form.unit.value;
  const docket = await ask("POST", "/api/dockets", body);
  requestId = newRequestId();
  const due = clock(new Date(docket.due_at));
  $("registered").textContent = `✓ ${word("registered", { number: docket.number, due })}`;
  $("docket").reset();
}

async function enter() {
  choices = await ask("GET", "/api/choices");
  offerChoices();
  if (me.officer) await readDockets();
  listen();
  showAll();
}

/** Who is logged in is asked of the server, which alone knows. */
async function begin() {
  me = agent = pop = null;
  dockets = [];
  const answer = await fetch("/api/me").catch(() => null);
  if (answer?.ok) {
    me = await answer.json();
    await enter();
  } else socket?.close();
  showAll();
}

const wanted = localStorage.getItem("sunwai.language") ?? navigator.language.slice(0, 2);
wire();
await speak(LANGUAGES.includes(wanted) ? wanted : "hi");
await begin().catch((error) => say(error.message));
setInterval(showAll, 1000);

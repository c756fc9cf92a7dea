import { ask, attempt } from "../ask";
import {
  answer,
  call,
  canBeRung,
  hearCaller,
  key,
  level,
  mute,
  needsClick,
  notHeard,
  stage,
  switchOn,
  takeOver,
  testMicrophone,
} from "../phone";
import { agent, pop } from "../state";
import { word } from "../words";
import { chooseColleague, HandOn } from "./hand_on";

const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];

/** The telephone in the page: switched on once a day with a look at the microphone, then out of the way. */
export function Telephone() {
  const here = stage.value;
  return (
    <section class={`card telephone phone-${here}`} aria-labelledby="telephone-title">
      <h2 id="telephone-title">{word("telephone")}</h2>
      <p role="status">
        <span aria-hidden="true">{canBeRung.value ? "●" : "■"}</span> {word(`telephone.${here}`)}
      </p>
      {here === "off" && (
        <button type="button" class="main" onClick={() => attempt(testMicrophone)}>{word("test_microphone")}</button>
      )}
      {here === "testing" && <MicrophoneTest />}
      {here === "elsewhere" && (
        <button type="button" class="main" onClick={takeOver}>{word("take_over")}</button>
      )}
      {(call.value || agent.value?.state === "talking") && <InCall />}
    </section>
  );
}

function MicrophoneTest() {
  return (
    <>
      <p>{word("speak_now")}</p>
      <Level />
      <button type="button" class="main" onClick={() => attempt(switchOn)}>{word("switch_on")}</button>
    </>
  );
}

function Level() {
  return (
    <p>
      <meter aria-label={word("level")} min={0} max={1} value={level.value} />
      {notHeard.value && <strong role="status"> ⚠ {word("not_heard")}</strong>}
    </p>
  );
}

function InCall() {
  const here = call.value;
  const talking = agent.value?.state === "talking";
  const up = here ? here.stage === "up" : talking; // with a SIP telephone on the desk the line alone knows
  return (
    <>
      <div class="bar" role="group" aria-label={word("call")}>
        {here?.stage === "ringing" && (
          <button type="button" class="main" aria-keyshortcuts="F2" onClick={answer}>
            {word("answer")} <kbd>F2</kbd>
          </button>
        )}
        {up && (
          <>
            {!handingOn() && <HoldButton />}
            <button type="button" aria-keyshortcuts="F9" onClick={chooseColleague}>
              {word("hand_on")} <kbd>F9</kbd>
            </button>
            {here && <button type="button" aria-pressed={here.muted} aria-keyshortcuts="F6" onClick={() => mute(!here.muted)}>
              {word(here.muted ? "unmute" : "mute")} <kbd>F6</kbd>
            </button>}
          </>
        )}
        {talking && (
          <button type="button" aria-keyshortcuts="F8" onClick={hangUp}>
            {word("hang_up")} <kbd>F8</kbd>
          </button>
        )}
      </div>
      {needsClick.value && (
        <button type="button" class="main" onClick={hearCaller}>{word("hear_caller")}</button>
      )}
      {up && <HandOn />}
      {here?.stage === "up" && <Level />}
      {here?.stage === "up" && <KeyPad />}
    </>
  );
}

const handingOn = (): boolean => Boolean(pop.value?.hand_on && pop.value.hand_on.stage !== "no_answer");

function HoldButton() {
  const held = pop.value?.held ?? false;
  return (
    <button type="button" aria-pressed={held} aria-keyshortcuts="F4" onClick={hold}>
      {word(held ? "take_back" : "hold")} <kbd>F4</kbd>
    </button>
  );
}

function KeyPad() {
  return (
    <details>
      <summary>{word("keys")}</summary>
      <div class="keypad" dir="ltr">
        {KEYS.map((one) => <button key={one} type="button" onClick={() => key(one)}>{one}</button>)}
      </div>
    </details>
  );
}

/** Through the line, which keeps the caller: music while he is held, the goodbye when the agent has gone. */
export const hold = (): Promise<boolean> =>
  attempt(async () => {
    const ref = agent.value?.call_ref;
    if (ref) await ask("POST", `/api/calls/${ref}/${pop.value?.held ? "unhold" : "hold"}`, {});
  });

export const hangUp = (): Promise<boolean> =>
  attempt(async () => {
    if (agent.value?.call_ref) await ask("POST", `/api/calls/${agent.value.call_ref}/hang_up`, {});
  });

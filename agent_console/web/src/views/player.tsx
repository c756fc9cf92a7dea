import { useEffect, useId, useRef, useState } from "preact/hooks";
import { ask, attempt } from "../ask";
import type { Mark, Part } from "../shapes";
import type { Stretch } from "../silences";
import { said } from "../state";
import { drawn, type Waveform } from "../waveform";
import { language, minutes, word, wordOr } from "../words";

const SPEEDS = [0.75, 1, 1.25, 1.5, 2];
const JUMP_S = 5;

/** `name` is what the button says, `reason` what is offered as the reason. */
interface Heard {
  call_ref: string;
  part: Part;
  marks?: Mark[];
  name?: string;
  reason?: string;
}

/** Asks why, keeps it, and then plays: nobody hears a consumer without a reason that stays. */
export function Listen({ call_ref, part, marks = [], name, reason = "" }: Heard) {
  const id = useId();
  const [why, setWhy] = useState(reason);
  const [address, setAddress] = useState<string | null>(null);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void attempt(async () => {
      const path = `/api/recordings/${encodeURIComponent(call_ref)}/listen`;
      setAddress((await ask<{ address: string }>("POST", path, { why, part })).address);
    });
  };
  if (address) return <Player address={address} marks={marks} />;
  return (
    <form class="listen" onSubmit={submit}>
      <label>
        <span>{word("listen.why")}</span>
        <input required minLength={3} maxLength={500} dir="auto" list={`${id}-whys`} value={why} onInput={(event) => setWhy(event.currentTarget.value)} />
      </label>
      <datalist id={`${id}-whys`}>{["audit", "complaint", "asked", "training"].map((one) => <option key={one} value={word(`why.${one}`)} />)}</datalist>
      <button class="main">▶ {name ?? word(`listen.${part}`)}</button>
    </form>
  );
}

function Player({ address, marks }: { address: string; marks: Mark[] }) {
  const id = useId();
  const place = useRef<HTMLDivElement>(null);
  const wave = useRef<Waveform | null>(null);
  const [length, setLength] = useState(0);
  const [at, setAt] = useState(0);
  const [playing, setPlaying] = useState(false);
  const [quiet, setQuiet] = useState<Stretch[]>([]);
  const [speed, setSpeed] = useState(1);
  useEffect(() => {
    if (!place.current) return;
    wave.current = drawn(place.current, address, {
      ready: (seconds, found) => {
        setLength(seconds);
        setQuiet(found);
      },
      at: setAt,
      playing: setPlaying,
      failed: () => void refusalOf(address),
    });
    return () => wave.current?.end();
  }, [address]);
  const to = (second: number) => wave.current?.to(second);
  const faster = (step: number) => {
    const next = SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, SPEEDS.indexOf(speed) + step))] ?? 1;
    setSpeed(next);
    wave.current?.speed(next);
  };
  const keys: Record<string, () => void> = {
    Space: () => wave.current?.playPause(),
    ArrowLeft: () => to(at - JUMP_S),
    ArrowRight: () => to(at + JUMP_S),
    ArrowUp: () => faster(1),
    ArrowDown: () => faster(-1),
    KeyN: () => to(marks.find((mark) => mark.at_s > at + 0.5)?.at_s ?? at),
  };
  const pressed = (event: KeyboardEvent) => {
    const deed = event.ctrlKey || event.altKey || event.metaKey ? undefined : keys[event.code];
    if (!deed || event.target !== event.currentTarget) return;
    event.preventDefault();
    deed();
  };
  // Time runs to the right in every language, as on a tape: the picture is not mirrored for Urdu.
  return (
    <section class="player" dir="ltr" tabIndex={0} role="region" aria-label={word("player")} aria-describedby={`${id}-keys`} onKeyDown={pressed}>
      <p class="legs">
        <span class="caller-leg"><bdi>{word("player.caller")}</bdi></span>
        <span class="line-leg"><bdi>{word("player.line")}</bdi></span>
      </p>
      <div class="wave" ref={place} />
      {length > 0 && <Marks marks={marks} quiet={quiet} length={length} to={to} />}
      <div class="bar">
        <button type="button" class="main" disabled={!length} onClick={() => wave.current?.playPause()}>
          {playing ? `❚❚ ${word("pause")}` : `▶ ${word("play")}`}
        </button>
        <label class="inline">
          <span class="unseen">{word("player.place")}</span>
          <input
            type="range"
            min={0}
            max={Math.ceil(length)}
            step={0.1}
            value={at}
            aria-valuetext={`${minutes(at)} / ${minutes(length)}`}
            onInput={(event) => to(Number(event.currentTarget.value))}
          />
        </label>
        <span class="clock">{minutes(at)} / {minutes(length)}</span>
        <label class="inline">
          <span>{word("player.speed")}</span>
          <select
            value={String(speed)}
            onChange={(event) => {
              const rate = Number(event.currentTarget.value);
              setSpeed(rate);
              wave.current?.speed(rate);
            }}
          >
            {SPEEDS.map((one) => <option key={one} value={String(one)}>{one}×</option>)}
          </select>
        </label>
      </div>
      <p id={`${id}-keys`} class="soft" dir="auto">{word("player.keys")}</p>
    </section>
  );
}

/** The steps and silences below the picture, each a way to hear it. */
function Marks({ marks, quiet, length, to }: { marks: Mark[]; quiet: Stretch[]; length: number; to: (second: number) => void }) {
  const known = marks.map((mark) => ({ ...mark, name: wordOr(mark.what, "") })).filter((mark) => mark.name && mark.at_s <= length);
  const rows = [
    ...known.map((mark) => ({ at: mark.at_s, name: mark.name, kind: "mark" })),
    ...quiet.map((one) => ({ at: one.from, name: word("player.silence", { s: Math.round(one.to - one.from) }), kind: "quiet" })),
  ].sort((one, other) => one.at - other.at);
  if (!rows.length) return null;
  return (
    <ul class="marks">
      {rows.map((row) => (
        <li key={`${row.kind}${row.at}${row.name}`}>
          <button type="button" class={row.kind} onClick={() => to(row.at)}>
            <bdi>{minutes(row.at)}</bdi> {row.kind === "quiet" && "… "}{row.name}
          </button>
        </li>
      ))}
    </ul>
  );
}

/** The sentence the server has for a sound that cannot be had; a file that is served and cannot be read has ours. */
async function refusalOf(address: string): Promise<void> {
  const answered = await attempt(async () => {
    const answer = await fetch(address, { headers: { Range: "bytes=0-0", "Accept-Language": language.value } });
    if (!answer.ok) throw new Error(((await answer.json()) as { error: string }).error);
  });
  if (answered) said.value = word("player.unreadable");
}

import type { ComponentChildren, VNode } from "preact";
import { useId, useState } from "preact/hooks";
import { Refusal } from "../ask";
import { word } from "../words";

/** What the server refused, and about which field of the form. */
export interface Refused {
  sentence: string;
  field: string | null;
}

/** A form's deed: true when it was done; else what was refused, to be told beside its field. What was typed stays. */
export function useDeed(): [Refused | null, boolean, (deed: () => Promise<void>) => Promise<boolean>] {
  const [refused, setRefused] = useState<Refused | null>(null);
  const [busy, setBusy] = useState(false);
  const run = async (deed: () => Promise<void>): Promise<boolean> => {
    setRefused(null);
    setBusy(true);
    try {
      await deed();
      return true;
    } catch (error) {
      setRefused({ sentence: String((error as Error).message), field: error instanceof Refusal ? error.field : null });
      return false;
    } finally {
      setBusy(false);
    }
  };
  return [refused, busy, run];
}

/** `shift.starts` and `roles[0]` are about `shift` and `roles`. */
const isAbout = (refused: Refused | null, name: string): refused is Refused =>
  refused?.field != null && refused.field.split(/[.[]/)[0] === name;

type Marked = { "aria-invalid"?: boolean; "aria-describedby"?: string };

interface Props {
  name: string;
  label: string;
  hint?: string;
  refused: Refused | null;
}

/** One field: its label, the input that `children` draws, a hint, and what is wrong with it. */
export function Field({ name, label, hint, refused, children }: Props & { children: (marked: Marked) => VNode }) {
  const id = useId();
  const wrong = isAbout(refused, name);
  const described = [wrong && `${id}-wrong`, hint && `${id}-hint`].filter(Boolean).join(" ");
  const marked = { ...(wrong && { "aria-invalid": true }), ...(described && { "aria-describedby": described }) };
  return (
    <div class="field">
      <label>
        <span>{label}</span>
        {children(marked)}
      </label>
      {hint && <p class="soft" id={`${id}-hint`}>{hint}</p>}
      {wrong && <Wrong id={`${id}-wrong`}>{refused.sentence}</Wrong>}
    </div>
  );
}

interface ChecksProps<T> extends Props {
  offered: readonly T[];
  chosen: readonly T[];
  nameOf: (one: T) => string;
  change: (chosen: T[]) => void;
}

/** Several of a few: a group of boxes to be ticked. */
export function Checks<T extends string | number>({ name, label, hint, refused, offered, chosen, nameOf, change }: ChecksProps<T>) {
  const id = useId();
  const wrong = isAbout(refused, name);
  const described = [wrong && `${id}-wrong`, hint && `${id}-hint`].filter(Boolean).join(" ");
  const turn = (one: T) => change(chosen.includes(one) ? chosen.filter((other) => other !== one) : [...chosen, one]);
  return (
    <fieldset aria-describedby={described || undefined}>
      <legend>{label}</legend>
      <div class="checks">
        {offered.map((one) => (
          <label key={one} class="inline">
            <input type="checkbox" checked={chosen.includes(one)} onChange={() => turn(one)} />
            <span>{nameOf(one)}</span>
          </label>
        ))}
      </div>
      {hint && <p class="soft" id={`${id}-hint`}>{hint}</p>}
      {wrong && <Wrong id={`${id}-wrong`}>{refused.sentence}</Wrong>}
    </fieldset>
  );
}

/** What was refused and is about none of `fields`. */
export function WrongElsewhere({ refused, fields }: { refused: Refused | null; fields: readonly string[] }) {
  if (!refused || fields.some((name) => isAbout(refused, name))) return null;
  return <Wrong>{refused.sentence}</Wrong>;
}

function Wrong({ id, children }: { id?: string; children: ComponentChildren }) {
  return <p class="wrong" role="alert" id={id}>⚠ {children}</p>;
}

/** A word that is shown this once. */
export function ToldOnce({ name, password }: { name: string; password: string }) {
  return (
    <p class="told-once" role="status">
      {word("people.password_once", { name })} <strong><bdi>{password}</bdi></strong>
    </p>
  );
}

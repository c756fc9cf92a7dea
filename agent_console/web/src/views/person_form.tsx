import { useEffect, useRef, useState } from "preact/hooks";
import { ask } from "../ask";
import { useKept } from "../kept";
import type { PeopleFound, Person } from "../shapes";
import { choices } from "../state";
import { weekday, word, wordOr } from "../words";
import { Checks, Field, ToldOnce, useDeed, WrongElsewhere } from "./field";

const DAYS = [1, 2, 3, 4, 5, 6, 7];
const FIELDS = ["name", "roles", "agent", "officer", "company", "unit", "languages", "categories", "vendor", "shift", "password"];

/** What is typed; empty where nothing is. */
interface Typed {
  name: string;
  roles: string[];
  agent: string;
  officer: string;
  company: string;
  unit: string;
  languages: string[];
  categories: string[];
  vendor: string;
  starts: string;
  ends: string;
  days: number[];
  active: boolean;
  password: string;
}

const typedOf = (person: Person | null, company: string): Typed => ({
  name: person?.name ?? "",
  roles: person?.roles ?? ["agent"],
  agent: person?.agent ?? "",
  officer: person?.officer ?? "",
  company: person ? (person.company ?? "") : company,
  unit: person?.unit ?? "",
  languages: person?.languages ?? [],
  categories: person?.categories ?? [],
  vendor: person?.vendor ?? "",
  starts: person?.shift?.starts ?? "",
  ends: person?.shift?.ends ?? "",
  days: person?.shift?.days ?? [],
  active: person?.active ?? true,
  password: "",
});

/** What is typed as the server is asked (agent_console/people_shapes.py), without name and password. */
function asked({ name: _name, password: _password, starts, ends, days, ...rest }: Typed): Record<string, unknown> {
  const shift = starts || ends || days.length ? { starts, ends, days } : null;
  const orNone = (text: string) => text.trim() || null;
  return {
    ...rest,
    agent: orNone(rest.agent),
    officer: orNone(rest.officer),
    company: orNone(rest.company),
    unit: orNone(rest.unit),
    vendor: orNone(rest.vendor),
    shift,
  };
}

/** Only what was changed here: what another administrator changed meanwhile stays. */
function differing(before: Typed, after: Typed): Record<string, unknown> {
  const was = asked(before);
  return Object.fromEntries(Object.entries(asked(after)).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(was[name])));
}

interface Props {
  person: Person | null;
  people: PeopleFound;
  changed: () => void;
  close: () => void;
}

/** Adds a log-in (`person` null) or changes one. Nobody is deleted: who has left is made inactive. */
export function PersonForm({ person, people, changed, close }: Props) {
  const [before, setBefore] = useState(typedOf(person, people.companies[0] ?? ""));
  const [edits, keep] = useKept<Partial<Typed>>(`person.${person?.name ?? ""}`, {});
  const [password, setPassword] = useState("");
  const typed = { ...before, ...edits, password };
  const [made, setMade] = useState<{ name: string; password: string | null } | null>(null);
  const [refused, busy, run] = useDeed();
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => title.current?.focus(), []);
  const change = ({ password: secret, ...part }: Partial<Typed>) => {
    if (secret !== undefined) setPassword(secret); // never kept
    keep({ ...edits, ...part });
  };
  const forget = () => {
    keep({});
    setPassword("");
  };
  const add = async () => {
    const { active: _active, ...body } = asked(typed);
    const password = typed.password || null;
    const said = await ask<{ password: string | null }>("POST", "/api/people", { ...body, name: typed.name.trim(), password });
    setMade({ name: typed.name.trim(), password: said.password });
    forget();
  };
  const save = async () => {
    await ask("POST", `/api/people/${typed.name}`, differing(before, typed));
    setBefore(typed);
    forget();
    setMade({ name: typed.name, password: null });
  };
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    setMade(null);
    if (await run(person ? save : add)) changed();
  };
  return (
    <section class="card" aria-labelledby="person-title">
      <h2 id="person-title" ref={title} tabIndex={-1}>{person ? word("people.change_of", { name: person.name }) : word("people.add")}</h2>
      <form onSubmit={submit}>
        <Who typed={typed} change={change} refused={refused} people={people} isNew={!person} />
        <Skills typed={typed} change={change} refused={refused} people={people} />
        <Work typed={typed} change={change} refused={refused} people={people} isNew={!person} />
        <WrongElsewhere refused={refused} fields={FIELDS} />
        <div class="bar">
          <button class="main" disabled={busy}>{word(person ? "save" : "add")}</button>
          <button type="button" onClick={() => (forget(), close())}>{word("people.close")}</button>
        </div>
        <p role="status">{made && `✓ ${word("people.saved", { name: made.name })}`}</p>
        {made?.password && <ToldOnce name={made.name} password={made.password} />}
      </form>
      {person && <NewPassword name={person.name} />}
    </section>
  );
}

interface PartProps {
  typed: Typed;
  change: (part: Partial<Typed>) => void;
  refused: ReturnType<typeof useDeed>[0];
  people: PeopleFound;
  isNew?: boolean;
}

/** A text of the log-in; `list` names what is offered. */
function Text({ name, hint, list, typed, change, refused }: PartProps & { name: "name" | "agent" | "officer" | "unit" | "vendor"; hint?: string; list?: string }) {
  return (
    <Field name={name} label={word(`people.${name}`)} {...(hint && { hint })} refused={refused}>
      {(marked) => (
        <input
          {...marked}
          list={list}
          maxLength={64}
          dir="auto"
          autocomplete="off"
          value={typed[name]}
          onInput={(event) => change({ [name]: event.currentTarget.value })}
        />
      )}
    </Field>
  );
}

function Who(part: PartProps) {
  const { typed, change, refused, people, isNew } = part;
  return (
    <>
      <Checks
        name="roles"
        label={word("people.roles")}
        refused={refused}
        offered={people.roles}
        chosen={typed.roles}
        nameOf={(one) => wordOr(`role.${one}`, one)}
        change={(roles) => change({ roles })}
      />
      <div class="fields">
        {isNew && <Text {...part} name="name" />}
        <Text {...part} name="agent" />
        <Text {...part} name="officer" />
        <Field name="company" label={word("people.company")} refused={refused}>
          {(marked) => (
            <select {...marked} value={typed.company} onChange={(event) => change({ company: event.currentTarget.value })}>
              <option value="">{word("people.all_companies")}</option>
              {people.companies.map((one) => <option key={one} value={one}>{one}</option>)}
            </select>
          )}
        </Field>
        <Text {...part} name="unit" list="units-offered" />
      </div>
      <datalist id="units-offered">
        {choices.value?.units.map((one) => <option key={one.id} value={one.id}>{one.name}</option>)}
      </datalist>
    </>
  );
}

function Skills({ typed, change, refused, people }: PartProps) {
  const languages = [...new Set([...people.languages, ...typed.languages])];
  return (
    <>
      <Checks
        name="languages"
        label={word("people.languages")}
        refused={refused}
        offered={languages}
        chosen={typed.languages}
        nameOf={(one) => wordOr(`language.${one}`, one)}
        change={(chosen) => change({ languages: chosen })}
      />
      <Checks
        name="categories"
        label={word("people.categories")}
        hint={word("people.categories_hint")}
        refused={refused}
        offered={people.categories}
        chosen={typed.categories}
        nameOf={(one) => wordOr(`family.${one}`, one)}
        change={(categories) => change({ categories })}
      />
    </>
  );
}

function Work(part: PartProps) {
  const { typed, change, refused, people, isNew } = part;
  return (
    <>
      <div class="fields">
        <Text {...part} name="vendor" list="vendors-offered" />
        {(["starts", "ends"] as const).map((end) => (
          <Field key={end} name={`shift-${end}`} label={word(`shift.${end}`)} refused={null}>
            {() => <input type="time" value={typed[end]} onInput={(event) => change({ [end]: event.currentTarget.value })} />}
          </Field>
        ))}
        {isNew && <Password value={typed.password} change={(password) => change({ password })} refused={refused} />}
      </div>
      <datalist id="vendors-offered">{people.vendors.map((one) => <option key={one} value={one} />)}</datalist>
      <Checks
        name="shift"
        label={word("shift.days")}
        refused={refused}
        offered={DAYS}
        chosen={typed.days}
        nameOf={weekday}
        change={(days) => change({ days: days.sort() })}
      />
      {!isNew && (
        <Checks
          name="active"
          label={word("status")}
          hint={word("people.inactive_hint")}
          refused={refused}
          offered={["active"]}
          chosen={typed.active ? ["active"] : []}
          nameOf={() => word("people.active")}
          change={(chosen) => change({ active: chosen.length > 0 })}
        />
      )}
    </>
  );
}

function Password({ value, change, refused }: { value: string; change: (value: string) => void; refused: PartProps["refused"] }) {
  return (
    <Field name="password" label={word("people.first_password")} hint={word("people.password_hint")} refused={refused}>
      {(marked) => (
        <input
          {...marked}
          type="password"
          autocomplete="new-password"
          maxLength={256}
          dir="ltr"
          value={value}
          onInput={(event) => change(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}

/** Whoever has the old one is out at once. */
function NewPassword({ name }: { name: string }) {
  const [password, setPassword] = useState("");
  const [told, setTold] = useState<{ password: string | null } | null>(null);
  const [refused, busy, run] = useDeed();
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    setTold(null);
    await run(async () => {
      setTold(await ask("POST", `/api/people/${name}/password`, { password: password || null }));
      setPassword("");
    });
  };
  return (
    <form onSubmit={submit}>
      <h3>{word("people.new_password")}</h3>
      <Password value={password} change={setPassword} refused={refused} />
      <WrongElsewhere refused={refused} fields={["password"]} />
      <button class="danger" disabled={busy}>{word("people.set_password")}</button>
      <p role="status">{told && `✓ ${word("people.password_set")}`}</p>
      {told?.password && <ToldOnce name={name} password={told.password} />}
    </form>
  );
}

import { useEffect, useState } from "preact/hooks";
import { go, place } from "../address";
import { ask, attempt } from "../ask";
import type { PeopleFound, Person } from "../shapes";
import { weekday, word, wordOr } from "../words";
import { PersonForm } from "./person_form";

const FILTERS = ["role", "vendor", "active"] as const;

/** Log-ins: who there is, narrowed by the address; one is added, or changed, in the form beside them. */
export function People() {
  const [people, setPeople] = useState<PeopleFound | null>(null);
  const [open, setOpen] = useState<Person | "new" | null>(null);
  const { filters } = place.value;
  const query = new URLSearchParams(FILTERS.flatMap((name) => (filters[name] ? [[name, filters[name]]] : []))).toString();
  const read = (isWanted = () => true) =>
    attempt(async () => {
      const found = await ask<PeopleFound>("GET", `/api/people?${query}`);
      if (isWanted()) setPeople(found); // a slow answer to an older filter must not come after a newer one
    });
  useEffect(() => {
    let wanted = true;
    void read(() => wanted);
    return () => {
      wanted = false;
    };
  }, [query]);
  if (!people) return <p class="card" role="status">{word("people.reading")}</p>;
  return (
    <>
      <section class="card" aria-labelledby="people-title">
        <h2 id="people-title">{word("people.title", { n: people.found.length })}</h2>
        <Filters people={people} filters={filters} />
        <Listed people={people} change={setOpen} />
        <div class="bar">
          <button type="button" class="main" onClick={() => setOpen("new")}>{word("people.add")}</button>
          <button type="button" onClick={() => read()}>{word("refresh")}</button>
        </div>
      </section>
      {open && (
        <PersonForm
          key={open === "new" ? "" : open.name}
          person={open === "new" ? null : open}
          people={people}
          changed={() => void read()}
          close={() => setOpen(null)}
        />
      )}
    </>
  );
}

function Filters({ people, filters }: { people: PeopleFound; filters: Record<string, string> }) {
  const offered: Record<(typeof FILTERS)[number], [string, string][]> = {
    role: people.roles.map((one) => [one, wordOr(`role.${one}`, one)]),
    vendor: people.vendors.map((one) => [one, one]),
    active: [["true", word("people.active")], ["false", word("people.inactive")]],
  };
  return (
    <div class="bar" role="search" aria-label={word("people.narrow")}>
      {FILTERS.map((name) => (
        <label key={name} class="inline">
          <span>{word(`people.filter.${name}`)}</span>
          <select
            value={filters[name] ?? ""}
            onChange={(event) => go("people", { ...filters, [name]: event.currentTarget.value })}
          >
            <option value="">{word("people.all")}</option>
            {offered[name].map(([value, shown]) => <option key={value} value={value}>{shown}</option>)}
          </select>
        </label>
      ))}
    </div>
  );
}

function Listed({ people, change }: { people: PeopleFound; change: (person: Person) => void }) {
  if (!people.found.length) return <p>{word("people.nobody")}</p>;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-labelledby="people-title">
      <table>
        <thead>
          <tr>
            {["name", "people.roles", "people.code", "people.place", "people.skills", "vendor", "shift", "status"].map((key) => (
              <th key={key} scope="col">{word(key)}</th>
            ))}
            <th scope="col">{word("people.change")}</th>
          </tr>
        </thead>
        <tbody>{people.found.map((one) => <Row key={one.name} person={one} change={() => change(one)} />)}</tbody>
      </table>
    </div>
  );
}

function Row({ person, change }: { person: Person; change: () => void }) {
  const skills = [
    ...person.languages.map((one) => wordOr(`language.${one}`, one)),
    ...person.categories.map((one) => wordOr(`family.${one}`, one)),
  ];
  return (
    <tr class={person.active ? undefined : "inactive"}>
      <th scope="row"><bdi>{person.name}</bdi></th>
      <td>{person.roles.map((one) => wordOr(`role.${one}`, one)).join(", ")}</td>
      <td><bdi>{[person.agent, person.officer].filter(Boolean).join(" · ")}</bdi></td>
      <td><bdi>{[person.company, person.unit].filter(Boolean).join(" · ")}</bdi></td>
      <td>{skills.join(", ")}</td>
      <td><bdi>{person.vendor}</bdi></td>
      <td>{person.shift && <bdi>{hours(person.shift)}</bdi>}</td>
      <td>{person.active ? `● ${word("people.active")}` : `○ ${word("people.inactive")}`}</td>
      <td>
        <button type="button" aria-label={`${word("people.change")} ${person.name}`} onClick={change}>{word("people.change")}</button>
      </td>
    </tr>
  );
}

const hours = (shift: NonNullable<Person["shift"]>): string =>
  `${shift.starts}–${shift.ends} ${shift.days.map(weekday).join(" ")}`;

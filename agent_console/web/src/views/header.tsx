import { attempt } from "../ask";
import { logOut } from "../session";
import { connected, me, staleSince } from "../state";
import { language, LANGUAGES, moment, word } from "../words";

/** Who, in which language, and whether what is shown is of now. */
export function Header() {
  const who = me.value;
  return (
    <>
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault(); // the address after the hash is the view's
          document.getElementById("main")?.focus();
        }}
      >{word("skip")}</a>
      <header>
        <strong>{word("title")}</strong>
        <Line />
        <nav aria-label={word("language")}>
          {LANGUAGES.map((one) => (
            <button
              key={one.code}
              type="button"
              lang={one.code}
              dir={one.dir}
              aria-pressed={language.value === one.code}
              onClick={() => (language.value = one.code)}
            >
              {one.name}
            </button>
          ))}
        </nav>
        {who && <span class="who"><bdi>{who.agent ?? who.officer ?? who.name}</bdi></span>}
        {who && <button type="button" onClick={() => attempt(logOut)}>{word("log_out")}</button>}
      </header>
    </>
  );
}

function Line() {
  const away = Boolean(me.value) && (!connected.value || staleSince.value !== null);
  const since = staleSince.value === null ? "" : moment(new Date(staleSince.value * 1000));
  return (
    <span class={away ? "line away" : "line"} role="status">
      {away ? `⚠ ${connected.value ? word("stale", { since }) : word("connecting")}` : ""}
    </span>
  );
}

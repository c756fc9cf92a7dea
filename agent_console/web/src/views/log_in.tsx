import { useEffect, useRef, useState } from "preact/hooks";
import { attempt, Refusal } from "../ask";
import { inOwnWords } from "../proof";
import { logIn } from "../session";
import { word } from "../words";

/** Name and password; the code in a second step, if the server asks for it. What was typed stays unless it is wrong. */
export function LogIn() {
  const [busy, setBusy] = useState(false);
  const [codeAsked, setCodeAsked] = useState(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const said = new FormData(form);
    const typed = (name: string) => String(said.get(name) ?? "");
    setBusy(true);
    await attempt(async () => {
      try {
        await logIn(typed("name"), typed("password"), typed("code") || null);
      } catch (error) {
        if (!(error instanceof Refusal) || error.status !== 401) throw error;
        const forCode = error.field === "code";
        empty(form, forCode ? "code" : "password");
        setCodeAsked(forCode);
        if (forCode && !codeAsked) return; // nothing was wrong: there is one thing more to say
        throw inOwnWords(error);
      }
    });
    setBusy(false);
  };
  return (
    <form class="card log-in" onSubmit={submit}>
      <h1>{word("log_in")}</h1>
      <label>
        <span>{word("name")}</span>
        <input name="name" onInput={() => setCodeAsked(false)} autocomplete="username" required maxLength={64} dir="ltr" />
      </label>
      <label>
        <span>{word("password")}</span>
        <input name="password" type="password" autocomplete="current-password" required maxLength={256} dir="ltr" />
      </label>
      {codeAsked && <CodeStep />}
      <button class="main" disabled={busy}>{word("log_in")}</button>
    </form>
  );
}

/** The one field that is left to fill: whoever types need not look for it. */
function CodeStep() {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  return (
    <>
      <p id="code-asked">{word("code_asked")}</p>
      <label>
        <span>{word("code")}</span>
        <input
          ref={field}
          name="code"
          autocomplete="one-time-code"
          aria-describedby="code-asked"
          required
          maxLength={64}
          dir="ltr"
        />
      </label>
    </>
  );
}

function empty(form: HTMLFormElement, name: string): void {
  const field = form.elements.namedItem(name);
  if (field instanceof HTMLInputElement) field.value = "";
}

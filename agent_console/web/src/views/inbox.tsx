import { ask, attempt } from "../ask";
import { useAsked } from "../asked";
import { useKept } from "../kept";
import type { RecordedMessage } from "../shapes";
import { moment, word } from "../words";
import { CallBack } from "./call_back";
import { Listen } from "./player";

/** Messages callers left: each is heard and ends with a docket or with the reason why there is none. */
export function Inbox() {
  const { found, again } = useAsked<{ messages: RecordedMessage[] }>("/api/inbox");
  return (
    <section class="card" aria-labelledby="inbox-title">
      <h1 id="inbox-title">{word("view.inbox")}</h1>
      <button type="button" onClick={again}>{word("refresh")}</button>
      {found && !found.messages.length && <p role="status">{word("inbox.none")}</p>}
      <ul class="plain">
        {found?.messages.map((one) => (
          <li key={one.call_ref} class="drawn">
            <h2>{moment(one.at)} · <bdi>{one.phone ?? word("withheld")}</bdi></h2>
            <Listen call_ref={one.call_ref} part="message" reason={word("view.inbox")} />
            {one.phone && <p><CallBack call_ref={one.call_ref} /></p>}
            <Settle call_ref={one.call_ref} settled={again} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Settle({ call_ref, settled }: { call_ref: string; settled: () => void }) {
  const [docket, setDocket] = useKept(`settle.docket.${call_ref}`, "");
  const [reason, setReason] = useKept(`settle.reason.${call_ref}`, "");
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const body = docket ? { docket } : { reason };
    if (!(await attempt(() => ask("POST", `/api/inbox/${encodeURIComponent(call_ref)}/settle`, body)))) return;
    setDocket("");
    setReason("");
    settled();
  };
  return (
    <form onSubmit={submit}>
      <label>
        <span>{word("inbox.docket")}</span>
        <input inputMode="numeric" pattern="[0-9]{8}" title={word("docket_number.form")} value={docket} onInput={(event) => setDocket(event.currentTarget.value)} />
      </label>
      <label>
        <span>{word("inbox.reason")}</span>
        <input minLength={3} maxLength={500} dir="auto" required={!docket} disabled={docket !== ""} value={reason} onInput={(event) => setReason(event.currentTarget.value)} />
      </label>
      <button class="main">{word("inbox.settle")}</button>
    </form>
  );
}

import { useState } from "preact/hooks";
import { ask, attempt } from "../ask";
import { useKept } from "../kept";
import { word } from "../words";

/** Out of the line at once, with the reason that is kept; his caller goes on with somebody else. */
export function SuspendButton({ agent }: { agent: string }) {
  const [reason, setReason] = useKept(`suspend.${agent}`, "");
  const [asking, setAsking] = useState(reason !== "");
  const close = () => {
    setReason("");
    setAsking(false);
  };
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (await attempt(() => ask("POST", `/api/agents/${agent}/suspend`, { reason }))) close();
  };
  if (!asking) {
    return (
      <button type="button" aria-label={`${word("suspend")} ${agent}`} onClick={() => setAsking(true)}>{word("suspend")}</button>
    );
  }
  return (
    <form onSubmit={submit}>
      <label>
        <span>{word("suspend.reason", { agent })}</span>
        <input required minLength={3} maxLength={200} dir="auto" value={reason} onInput={(event) => setReason(event.currentTarget.value)} />
      </label>
      <button class="danger">{word("suspend")}</button>{" "}
      <button type="button" onClick={close}>{word("cancel")}</button>
    </form>
  );
}

/** Who is suspended, read when asked for; he may be let in again. */
export function SuspendedAgents() {
  const [found, setFound] = useState<string[] | null>(null);
  const read = () => attempt(async () => setFound((await ask<{ agents: string[] }>("GET", "/api/suspended")).agents));
  const restore = (agent: string) =>
    attempt(async () => {
      await ask("POST", `/api/agents/${agent}/restore`, {});
      await read();
    });
  return (
    <section class="card" aria-labelledby="suspended-title">
      <h2 id="suspended-title">{word("suspended")}</h2>
      <button type="button" onClick={read}>{word(found ? "refresh" : "callbacks.show")}</button>
      {found && !found.length && <p>{word("suspended.none")}</p>}
      {found && found.length > 0 && (
        <ul class="plain">
          {found.map((agent) => (
            <li key={agent}>
              <bdi>{agent}</bdi>{" "}
              <button type="button" aria-label={`${word("restore")} ${agent}`} onClick={() => restore(agent)}>{word("restore")}</button>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

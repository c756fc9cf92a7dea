import { useState } from "preact/hooks";
import { ask, attempt } from "../ask";
import { me } from "../state";
import { word } from "../words";

/** Rings a caller through the line: who clicks never needs his number. */
export function CallBack({ call_ref }: { call_ref: string }) {
  const [asked, setAsked] = useState(false);
  if (!me.value?.deeds.includes("call_back")) return null;
  const ring = () =>
    attempt(async () => {
      await ask("POST", `/api/calls/${encodeURIComponent(call_ref)}/call_back`, {});
      setAsked(true);
    });
  return (
    <>
      <button type="button" disabled={asked} onClick={ring}>☎ {word("call_back")}</button>{" "}
      <span role="status">{asked && word("call_back.asked")}</span>
    </>
  );
}

import { useState } from "preact/hooks";
import { ask, attempt } from "../ask";
import { phoneOff } from "../phone";
import type { Account } from "../shapes";
import { agent } from "../state";
import { word } from "../words";

/** For a SIP telephone on the desk in the browser's stead. */
export function SipAccount() {
  const [account, setAccount] = useState<Account | null>(null);
  const talking = agent.value?.state === "talking" || agent.value?.state === "offered";
  const make = () =>
    attempt(async () => {
      phoneOff(); // one telephone, one account: this page's would look alive and never ring
      setAccount(await ask<Account>("POST", "/api/agent/phone", { kind: "sip" }));
    });
  return (
    <details class="card">
      <summary>{word("phone")}</summary>
      <p>{word("phone_help")}</p>
      <button type="button" disabled={talking} onClick={make}>{word("make_phone")}</button>
      {account && (
        <dl dir="ltr">
          {Object.entries(account).map(([name, value]) => (
            <>
              <dt>{word(`phone.${name}`)}</dt>
              <dd>{value}</dd>
            </>
          ))}
        </dl>
      )}
    </details>
  );
}

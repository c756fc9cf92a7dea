// Every deed of a call by one key. `code`, not `key`: InScript and Urdu layouts give other letters, not other places.

import { answer, call, mute } from "./phone";
import { agent, pop } from "./state";
import { chooseColleague, toDanger } from "./views/hand_on";
import { expedite } from "./views/open_docket";
import { hangUp, hold } from "./views/telephone";

const DEEDS: Record<string, () => void> = {
  F2: () => call.value?.stage === "ringing" && answer(),
  F4: () => call.value?.stage === "up" && void hold(),
  F6: () => call.value?.stage === "up" && mute(!call.value.muted),
  F9: () => call.value?.stage === "up" && void chooseColleague(),
  F8: () => call.value && void hangUp(),
};

const WITH_SHIFT: Record<string, () => void> = {
  F2: () => document.querySelector<HTMLFormElement>("form.docket")?.requestSubmit(),
  F4: () => {
    const first = pop.value?.open_dockets[0];
    if (first && agent.value?.state === "talking") void expedite(first);
  },
  F8: () => agent.value?.state === "talking" && void toDanger(),
};

export function listenToKeys(): void {
  document.addEventListener("keydown", (event) => {
    if (event.repeat) return; // a key that is held is one deed
    if (event.ctrlKey && event.code === "Enter") {
      (event.target as HTMLElement).closest("form")?.requestSubmit();
      return;
    }
    const deed = (event.shiftKey ? WITH_SHIFT : DEEDS)[event.code];
    if (!deed || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    deed();
  });
}

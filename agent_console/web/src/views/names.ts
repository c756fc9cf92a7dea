// Names of the organisation and of flags in the reader's language (agent_console/choices_api.py).

import { choices } from "../state";
import { language, wordOr } from "../words";

export function categoryName(code: string): string {
  const names = choices.value?.categories.find((one) => one.code === code)?.names;
  return names?.[language.value] ?? names?.["en"] ?? code;
}

export const areaName = (id: string): string => choices.value?.units.find((one) => one.id === id)?.name ?? id;

export const flagName = (flag: string): string => wordOr(`flag.${flag}`, flag);

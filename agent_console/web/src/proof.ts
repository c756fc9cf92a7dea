// Passwords and codes: what the server says of a wrong one, in the reader's language.

import { Refusal } from "./ask";
import { word } from "./words";

const WRONG: Record<string, string> = { password: "password_wrong", code: "code_wrong" };

/** A refusal for the sake of a password or a code, in our words; any other trouble as it came. */
export function inOwnWords(error: unknown): unknown {
  if (!(error instanceof Refusal) || ![400, 401].includes(error.status)) return error;
  const key = WRONG[error.field ?? ""];
  return key ? new Refusal(word(key), error.status, error.field) : error;
}

/** Runs a deed that asks for a proof. */
export async function proving(deed: () => Promise<void>): Promise<void> {
  try {
    await deed();
  } catch (error) {
    throw inOwnWords(error);
  }
}

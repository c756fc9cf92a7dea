// What the page says, in three languages that can be changed at any moment without a reload.

import { computed, effect, signal } from "@preact/signals";
import en from "../words.en.json";
import hi from "../words.hi.json";
import ur from "../words.ur.json";

export type Language = "hi" | "ur" | "en";
type Words = Record<string, string>;

export const LANGUAGES: readonly { code: Language; name: string; dir: "ltr" | "rtl" }[] = [
  { code: "hi", name: "हिन्दी", dir: "ltr" },
  { code: "ur", name: "اردو", dir: "rtl" },
  { code: "en", name: "English", dir: "ltr" },
];

const ALL: Record<Language, Words> = { hi, ur, en };
const KEPT = "sunwai.language";

const wanted = localStorage.getItem(KEPT) ?? navigator.language.slice(0, 2);
export const language = signal<Language>(wanted in ALL ? (wanted as Language) : "hi");
/** The line's time zone; the reader's own until somebody is logged in. */
export const zone = signal<string | undefined>(undefined);
const words = computed(() => ALL[language.value]);

effect(() => {
  localStorage.setItem(KEPT, language.value);
  const chosen = LANGUAGES.find((one) => one.code === language.value);
  document.documentElement.lang = language.value;
  document.documentElement.dir = chosen?.dir ?? "ltr";
});

/** The words of `key`, with {name} replaced; the key itself when there are none (a test forbids that). */
export function word(key: string, values: Record<string, string | number> = {}): string {
  const text = words.value[key] ?? key;
  return Object.entries(values).reduce((so_far, [name, value]) => so_far.replaceAll(`{${name}}`, String(value)), text);
}

/** The words of `key`, or `other` when there are none: for codes a server may be ahead with. */
export const wordOr = (key: string, other: string): string => words.value[key] ?? other;

/** Date and time of the line in the reader's language, digits as on every telephone of the line. */
export function moment(at: Date | string): string {
  const form = { dateStyle: "medium", timeStyle: "short", timeZone: zone.value } as const;
  return new Intl.DateTimeFormat(`${language.value}-IN-u-nu-latn`, form).format(new Date(at));
}

/** A day of the line as yyyy-mm-dd; 0: today. */
export function daysAgo(days: number): string {
  return new Intl.DateTimeFormat("sv-SE", { timeZone: zone.value }).format(Date.now() - days * 86_400_000);
}

/** A length of time in its two largest units: "3 d 4 h", "2 h 5 min", "12 min". */
export function span(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds / 60));
  const parts = [
    { unit: "d", count: Math.floor(whole / 1440) },
    { unit: "h", count: Math.floor((whole % 1440) / 60) },
    { unit: "min", count: whole % 60 },
  ];
  const first = Math.max(0, parts.findIndex((part) => part.count > 0));
  const shown = parts.slice(whole ? first : 2, first + 2).filter((part, place) => place === 0 || part.count > 0);
  return shown.map((part) => `${part.count} ${word(`unit.${part.unit}`)}`).join(" ");
}

/** A day of the week, 1 is Monday, in a few letters. */
export function weekday(day: number): string {
  const format = new Intl.DateTimeFormat(`${language.value}-IN`, { weekday: "short", timeZone: "UTC" });
  return format.format(new Date(Date.UTC(2024, 0, day))); // the first of January 2024 was a Monday
}

/** Seconds as m:ss. */
export function minutes(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** Telling the person something in passing; whoever shows toasts listens. */

export const TOAST = "app:toast";

export const toast = (text: string): void => {
  document.dispatchEvent(new CustomEvent(TOAST, { detail: text }));
};

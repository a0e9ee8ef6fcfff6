// What a browser may refuse a page in a frame of another site. Storage, over which gradio would
// stumble, is then kept for as long as the page is open; and a clipboard that may not be written is
// none, for to try it would be an error in the console.
(() => {
  for (const name of ["localStorage", "sessionStorage"]) {
    try {
      window[name].length;
    } catch {
      const kept = new Map();
      const storage = {
        getItem: (key) => kept.get(String(key)) ?? null,
        setItem: (key, value) => kept.set(String(key), String(value)),
        removeItem: (key) => kept.delete(String(key)),
      };
      Object.defineProperty(window, name, { value: storage, configurable: true });
    }
  }
  if (document.featurePolicy && !document.featurePolicy.allowsFeature("clipboard-write"))
    Object.defineProperty(navigator, "clipboard", { value: undefined, configurable: true });
})();

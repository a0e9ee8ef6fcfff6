// In a frame of another site a browser may refuse its storage, and gradio would stumble over that.
// What is put there is then kept for as long as the page is open.
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
})();

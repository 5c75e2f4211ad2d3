// Sets the chosen appearance before the first paint; a classic script, so that nothing flashes.
(() => {
  const asked = new URLSearchParams(location.search).get("theme");
  let kept = null;
  try {
    kept = localStorage.getItem("parindex.theme");
  } catch {
    // A browser that keeps nothing follows the system.
  }
  const theme = ["light", "dark"].includes(asked) ? asked : kept;
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
})();

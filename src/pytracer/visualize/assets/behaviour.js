// What must happen in the browser itself: light or dark, and the look of the list.

window.dash_clientside = window.dash_clientside || {};
window.dash_clientside.pytracer = {
    // Without a click: what the reader chose last, or what the system prefers.
    theme: function (clicks) {
        const root = document.documentElement;
        const system = window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
        let theme = clicks ? (root.dataset.theme === "dark" ? "light" : "dark") : localStorage.getItem("pytracer-theme") || system;
        if (clicks) {
            localStorage.setItem("pytracer-theme", theme);
        }
        root.dataset.theme = theme;
        document.body.dataset.agThemeMode = theme;
        return [theme, theme === "dark" ? "light" : "dark"];
    },
};

// Before the first paint; the callback above comes later.
document.documentElement.dataset.theme =
    localStorage.getItem("pytracer-theme") ||
    (window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");

window.dashAgGridFunctions = window.dashAgGridFunctions || {};
window.dashAgGridFunctions.pytracerBar = function (params) {
    const share = Math.max(0, Math.min(100, (100 * (params.value || 0)) / 53));
    return { backgroundImage: `linear-gradient(90deg, var(--bar) ${share}%, transparent ${share}%)`, backgroundRepeat: "no-repeat" };
};
window.dashAgGridFunctions.pytracerGridTheme = function (quartz) {
    return quartz.withParams({
        accentColor: "var(--accent)",
        backgroundColor: "var(--card)",
        foregroundColor: "var(--ink)",
        borderColor: "var(--line)",
        headerBackgroundColor: "var(--card)",
        wrapperBorder: false,
        fontSize: 13,
        spacing: 5,
    });
};

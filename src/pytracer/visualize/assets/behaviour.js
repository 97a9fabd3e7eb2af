// What must happen in the browser itself: light or dark, keys, links that keep the page, saving charts.

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
    // The links to all pages keep the state.
    navigation: function (path, search, id) {
        for (const link of document.querySelectorAll(`#${id} a`)) {
            link.search = search || "";
            const current = link.pathname === ((path || "").replace(/\/+$/, "") || "/");
            current ? link.setAttribute("aria-current", "page") : link.removeAttribute("aria-current");
        }
        return window.dash_clientside.no_update;
    },
    // What a part of a page follows of the address: without the fields that change nothing there.
    part: function (search, without, held) {
        const fields = new URLSearchParams(search || "");
        without.forEach((field) => fields.delete(field));
        const part = fields.toString();
        return part === held ? window.dash_clientside.no_update : part;
    },
    // Long tables: React takes seconds for what a browser draws in milliseconds.
    plain: function (parts, id) {
        const box = document.getElementById(id);
        box.replaceChildren(element(parts));
        const line = box.querySelector(".current");
        if (line) {
            box.scrollTop += line.getBoundingClientRect().top - box.getBoundingClientRect().top - box.clientHeight / 2;
        }
        return window.dash_clientside.no_update;
    },
    // A chart that does not look at its frame by itself is first drawn before the frame has its size.
    follow: function (figure, id) {
        const axes = Object.entries((figure || {}).layout || {}).filter(([name]) => /^[xy]axis$/.test(name));
        const home = Object.fromEntries(axes.map(([name, axis]) => [name, axis.range && [...axis.range]]));
        const look = (times) => {
            const chart = document.querySelector("#" + id + " .js-plotly-plot");
            const drawn = chart && chart._fullLayout;
            const fits = drawn && Math.abs(chart._fullLayout.width - chart.clientWidth) < 2;
            if (drawn) {
                // Dash would put the range into the figure, which draws the chart a second time.
                chart.removeAllListeners("plotly_relayout");
                chart.on("plotly_relayout", (change) => moved(chart, change, home));
            }
            if (drawn && !fits) {
                window.Plotly.Plots.resize(chart);
            }
            if (!fits && times) {
                setTimeout(look, 100, times - 1);
            }
        };
        look(50);
        return window.dash_clientside.no_update;
    },
};

// The document's own element for a component of Dash's html, as the server sends it.
function element(part) {
    if (Array.isArray(part)) {
        const all = document.createDocumentFragment();
        all.append(...part.map(element));
        return all;
    }
    if (part === null || part === undefined || typeof part !== "object") {
        return document.createTextNode(part ?? "");
    }
    const made = document.createElement(part.type);
    for (const [name, value] of Object.entries(part.props).filter(([, value]) => value !== null && value !== false)) {
        if (name === "children") {
            made.append(element(value));
        } else if (name === "style") {
            Object.entries(value).forEach(([property, text]) => made.style.setProperty(property, text));
        } else {
            made.setAttribute(name === "className" ? "class" : name, value);
        }
    }
    return made;
}

// What the reader zooms or pans goes to the address, in units of the axis: the figure names the field of each axis.
// `home` are the ranges that it came with: a double click on what is not zoomed shows those.
let lastMove = {};
function moved(chart, change, home) {
    if (chart.dataset.restored) {
        return;
    }
    const search = new URLSearchParams(location.search);
    const before = search.toString();
    const restored = {};
    for (const [axis, field] of Object.entries((chart.layout.meta || {}).ranges || {})) {
        if (!Object.keys(change).some((name) => name.startsWith(`${axis}.`))) {
            continue;
        }
        const { range, type } = chart._fullLayout[axis];
        const values = type === "log" ? range.map((end) => 10 ** end) : [...range];
        if (change[`${axis}.autorange`] && search.has(field)) {
            search.delete(field);
        } else if (change[`${axis}.autorange`] && home[axis]) {
            restored[`${axis}.range`] = home[axis];
        } else if (!change[`${axis}.autorange`] && values.every((end) => Number.isFinite(end) && (type !== "log" || end > 0))) {
            search.set(field, `${Math.min(...values)}..${Math.max(...values)}`);
        }
    }
    if (Object.keys(restored).length) {
        chart.dataset.restored = "yes"; // this is no move of the reader's
        window.Plotly.relayout(chart, restored).then(() => delete chart.dataset.restored);
    }
    if (search.toString() !== before) {
        // One step back undoes all turns of a wheel.
        const sameGesture = lastMove.to === location.href && performance.now() - lastMove.when < 1000;
        go(`?${search}`, sameGesture);
        lastMove = { to: location.href, when: performance.now() };
    }
}

function go(address, replace) {
    history[replace ? "replaceState" : "pushState"]({}, "", address);
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
}

// Before the first paint; the callback above comes later.
document.documentElement.dataset.theme =
    localStorage.getItem("pytracer-theme") ||
    (window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");

(function () {
    function tell(text) {
        window.dash_clientside.set_props("problem", { children: text, hidden: false });
    }

    // It is larger than a page may be: one without charts loads it when the first picture is saved.
    let loading;
    function plotly() {
        if (window.Plotly) {
            return Promise.resolve(window.Plotly);
        }
        loading ||= new Promise((resolve, reject) => {
            const script = document.createElement("script");
            script.src = window._dashPlotlyJSURL; // from where Dash draws its own charts
            script.onload = () => (window.Plotly ? resolve(window.Plotly) : script.onerror());
            script.onerror = () => {
                loading = undefined;
                script.remove();
                reject(new Error("what draws it cannot be loaded; is the dashboard still running?"));
            };
            document.head.append(script);
        });
        return loading;
    }

    // What stands on the page, in its size there.
    function shownChart(id) {
        const chart = document.querySelector(`#${CSS.escape(id)} .js-plotly-plot`);
        if (!chart || !chart.layout) {
            throw new Error("it is not drawn yet; try again in a moment");
        }
        const size = { width: chart.clientWidth, height: chart.clientHeight };
        return { data: chart.data, layout: Object.assign({}, chart.layout, size) };
    }

    // What is no chart on the page, as the server draws it.
    async function servedFigure(path) {
        const view = new URLSearchParams(location.search);
        view.set("theme", document.documentElement.dataset.theme);
        const answer = await fetch(`/figure/${path}.json?${view}`).catch(() => {
            throw new Error("the dashboard does not answer; is it still running?");
        });
        if (!answer.ok) {
            const says = (answer.headers.get("Content-Type") || "").startsWith("text/plain");
            throw new Error(says ? await answer.text() : `the dashboard answers ${answer.status} ${answer.statusText}`);
        }
        return answer.json();
    }

    async function saveChart({ image, chart, figure }) {
        const name = chart || figure.split("/").pop();
        try {
            const [drawing, picture] = await Promise.all([plotly(), chart ? shownChart(chart) : servedFigure(figure)]);
            const card = getComputedStyle(document.documentElement).getPropertyValue("--card").trim();
            const { width, height } = picture.layout;
            Object.assign(picture.layout, { paper_bgcolor: card, width: undefined, height: undefined });
            await drawing.downloadImage(picture, { format: image, width, height, filename: name });
        } catch (error) {
            tell(`The chart "${name}" was not saved as ${image.toUpperCase()}: ${(error && error.message) || error}`);
        }
    }

    document.addEventListener("click", (event) => {
        const plain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || event.button);
        const anchor = event.target.closest("a");
        const button = event.target.closest("button");
        if (anchor && anchor.classList.contains("view") && plain) {
            event.preventDefault();
            go(anchor.href);
        } else if (anchor && anchor.classList.contains("csv")) {
            anchor.search = location.search; // the table is that of the view
        } else if (button && button.dataset.image) {
            saveChart(button.dataset);
        } else if (event.target.id === "problem") {
            window.dash_clientside.set_props("problem", { hidden: true }); // else Dash does not show the next one
        } else if (button && button.id === "help-switch") {
            const help = document.getElementById("help");
            help.hidden = !help.hidden;
        }
    });

    window.addEventListener("resize", () => {
        for (const chart of document.querySelectorAll(".js-plotly-plot")) {
            if (chart._fullLayout && Math.abs(chart._fullLayout.width - chart.clientWidth) > 1) {
                window.Plotly.Plots.resize(chart);
            }
        }
    });

    document.addEventListener("keydown", (event) => {
        const typing = event.target.closest && event.target.closest("input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable]");
        if (event.key === "Escape") {
            document.getElementById("help").hidden = true;
            typing && typing.blur();
        }
        if (typing || event.ctrlKey || event.metaKey || event.altKey) {
            return;
        }
        const target =
            event.key === "/"
                ? document.querySelector("#page input[type=text], #page input[type=search]")
                : document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
        if (target) {
            event.preventDefault();
            event.key === "/" ? target.focus() : target.click();
        }
    });
})();

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

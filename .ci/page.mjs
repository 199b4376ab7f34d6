// Looks at pages of the HTML report as a browser shows them: `node .ci/page.mjs MODULES FOLDER PAGE.html..`
//
// MODULES is a folder with playwright-core and axe-core in node_modules, FOLDER takes the pictures. Each page is looked at in both themes and in two
// widths. It must make no request, log no error, run no script, fit its window, break no rule of axe-core, and be the same tree to a parser of HTML and
// to one of XML; every link within it must lead somewhere; what a log smuggles in must be text.

import { createRequire } from "node:module";
import { mkdtempSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { tmpdir } from "node:os";
import { pathToFileURL } from "node:url";

const [modules, folder, ...pages] = process.argv.slice(2);
if (pages.length === 0) {
    console.error("usage: node .ci/page.mjs MODULES FOLDER PAGE.html..");
    process.exit(2);
}
const require = createRequire(join(resolve(modules), "node_modules", "x.js"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
mkdirSync(folder, { recursive: true });

const profile = mkdtempSync(join(tmpdir(), "page-"));
const flags = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const faults = [];
const LONG_BYTES_MIN = 1_500_000;

// What is true of the page itself, whatever the window. It runs in the browser.
function inspect(source) {
    const found = [];
    const all = [...document.querySelectorAll("*")];
    const bad = all.filter((node) => ["script", "img", "iframe", "object", "embed", "form", "base"].includes(node.localName));
    found.push(...bad.map((node) => `a <${node.localName}> is in the page`));
    for (const node of all) {
        for (const attribute of node.attributes) {
            if (attribute.name.startsWith("on")) found.push(`the attribute ${attribute.name} is in the page`);
        }
    }
    for (const link of document.querySelectorAll("a")) {
        const target = link.getAttribute("href");
        if (target.startsWith("#") && !document.getElementById(target.slice(1))) found.push(`${target} leads nowhere`);
        if (!["file:"].includes(link.protocol)) found.push(`${target} leads elsewhere than to a file`);
    }
    const ids = all.map((node) => node.id).filter((id) => id !== "");
    if (new Set(ids).size !== ids.length) found.push("an id is there twice");
    const xml = new DOMParser().parseFromString(source, "application/xhtml+xml");
    const names = (root) => [...root.querySelectorAll("*")].map((node) => node.localName).join(" ");
    if (xml.querySelector("parsererror")) found.push(`not well-formed: ${xml.querySelector("parsererror").textContent.slice(0, 300)}`);
    else if (names(xml) !== names(document)) found.push("a parser of HTML sees another tree than one of XML");
    return found;
}

async function look(context, file, { theme, width, height }) {
    const name = `${basename(file, ".html")}-${theme}-${width}`;
    const fault = (text) => faults.push(`${name}: ${text}`);
    const address = pathToFileURL(resolve(file)).href;
    const page = await context.newPage();
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
    page.on("console", (message) => fault(`console: ${message.type()}: ${message.text()}`));
    page.on("pageerror", (error) => fault(`error: ${error}`));
    page.on("dialog", (dialog) => { fault(`dialog: ${dialog.message()}`); dialog.dismiss(); });
    page.on("request", (request) => {
        if (request.url() !== address && !request.url().startsWith("data:")) fault(`request: ${request.url()}`);
    });
    await page.goto(address, { waitUntil: "load" });
    await page.screenshot({ path: join(folder, `${name}.png`) });
    for (const found of await page.evaluate(inspect, readFileSync(file, "utf8"))) fault(found);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    if (wide > 0) fault(`the page is ${wide} px wider than its window`);
    // The first key leads to a link that skips what stands before the incidents.
    await page.keyboard.press("Tab");
    const first = await page.evaluate(() => document.activeElement.getAttribute("href"));
    if (first !== "#incidents") fault(`the first key of a keyboard leads to ${first}`);
    // It takes long: each theme and each width once, and of a long page, whose parts are all of a kind, one of them.
    const isLong = readFileSync(file).length > LONG_BYTES_MIN;
    if ((theme === "light") !== (width > 500) || (isLong && theme === "dark")) {
        await page.close();
        return;
    }
    // What is folded or not drawn yet is examined too.
    await page.addStyleTag({ content: ".incident { content-visibility: visible !important; }" });
    await page.evaluate(() => document.querySelectorAll("details").forEach((node) => { node.open = true; }));
    await page.evaluate(axe);
    const result = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
    for (const rule of result.violations) {
        const places = rule.nodes.slice(0, 3).map((node) => `${node.target.join(" ")}: ${(node.failureSummary ?? "").replaceAll("\n", " ")}`);
        fault(`axe: ${rule.id} (${rule.nodes.length}): ${rule.help}; ${places.join("; ")}`);
    }
    // For whoever wants to look at more than the first screen: what a selector finds, such as "#incidents > section:nth-child(2)".
    if (process.env.PART) {
        await page.setViewportSize({ width, height: 1600 });
        await page.evaluate((part) => document.querySelector(part)?.scrollIntoView(), process.env.PART);
        await page.screenshot({ path: join(folder, `${name}-part.png`) });
    }
    await page.close();
}

async function print(context, file) {
    const page = await context.newPage();
    await page.goto(pathToFileURL(resolve(file)).href);
    await page.pdf({ path: join(folder, `${basename(file, ".html")}.pdf`), format: "A4" });
    await page.close();
}

const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    chromiumSandbox: false,
    args: flags,
    bypassCSP: false,
});
try {
    for (const file of pages) {
        for (const theme of ["light", "dark"]) {
            await look(context, file, { theme, width: 1280, height: 800 });
            await look(context, file, { theme, width: 390, height: 844 });
        }
        await print(context, file);
    }
} finally {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
}
faults.forEach((text) => console.log(text));
console.log(`${pages.length} pages in both themes and two widths: ${faults.length === 0 ? "no fault" : `${faults.length} faults`}`);
process.exit(faults.length === 0 ? 0 : 1);

// Starts Swagger UI on the document that the page names. Its validator lives on another host, so it is off.

const dark = matchMedia("(prefers-color-scheme: dark)");
const shade = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", shade);
shade();

const place = document.getElementById("swagger");
if (place && globalThis.SwaggerUIBundle) {
  SwaggerUIBundle({
    url: place.dataset.url,
    domNode: place,
    deepLinking: true,
    validatorUrl: null,
    defaultModelsExpandDepth: 0,
    displayRequestDuration: true,
    presets: [SwaggerUIBundle.presets.apis],
    onComplete: () => document.getElementById("servers")?.setAttribute("aria-label", "Server"),
  });
}

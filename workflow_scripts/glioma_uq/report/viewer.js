"use strict";
const {maps, cases} = JSON.parse(document.getElementById("data").textContent);
const byId = id => document.getElementById(id);
const [scan, map, opacity, truth] = ["scan", "map", "opacity", "truth"].map(byId);
const slices = [...document.querySelectorAll(".slice")];
const viewer = new niivue.Niivue({
  backColor: [0, 0, 0, 1], crosshairColor: [0.75, 0.75, 0.75, 1], crosshairWidth: 0.7, crosshairWidthUnit: "mm", show3Dcrosshair: false,
  multiplanarLayout: niivue.MULTIPLANAR_TYPE.ROW, isColorbar: false, dragAndDropEnabled: false,
  multiplanarShowRender: niivue.SHOW_RENDER.NEVER, isRadiologicalConvention: false,
  onLocationChange: showValues, logLevel: "error",
});
let shown = null;  // the case

function image(kind, name) {
  const volume = shown[kind][name];
  return niivue.NVImage.loadFromBase64({base64: volume.base64, name: `${name}.nii.gz`,
    colormap: volume.colormap, opacity: 1, cal_min: volume.low, cal_max: volume.high});
}

// Layers from the bottom: the scan, the map if one is selected, the truth if there is one.
async function draw() {
  const layers = [image("scans", scan.value)];
  if (map.value) layers.push(image("maps", map.value));
  if (shown.truth.mask) layers.push(image("truth", "mask"));
  const position = viewer.volumes.length ? viewer.scene.crosshairPos : null;
  viewer.volumes = [];
  for (const layer of await Promise.all(layers)) viewer.addVolume(layer);
  if (position) viewer.scene.crosshairPos = position;
  fade();
  drawScale();
  follow();
}

function fade() {
  if (map.value) viewer.setOpacity(1, Number(opacity.value));
  if (shown.truth.mask) viewer.setOpacity(viewer.volumes.length - 1, Number(truth.value));
}

function drawScale() {
  const volume = map.value ? shown.maps[map.value] : null, bar = byId("scale").getContext("2d");
  bar.clearRect(0, 0, 256, 1);
  byId("ends").textContent = volume ? `${volume.low} to ${volume.high.toFixed(2)} ${volume.unit}` : "";
  if (!volume) return;
  const colours = viewer.colormap(volume.colormap), pixels = bar.createImageData(256, 1);
  for (let i = 0; i < 1024; i++) pixels.data[i] = i % 4 === 3 ? 255 : colours[i];
  bar.putImageData(pixels, 0, 0);
}

// Sliders count voxels of the scan, from right, posterior and inferior.
function follow() {
  const dims = viewer.volumes[0].dimsRAS;
  slices.forEach((slice, axis) => {
    slice.max = dims[axis + 1] - 1;
    slice.value = Math.round(viewer.scene.crosshairPos[axis] * dims[axis + 1] - 0.5);
  });
  viewer.drawScene();
}

function cut(axis, number) {
  viewer.scene.crosshairPos[axis] = (number + 0.5) / viewer.volumes[0].dimsRAS[axis + 1];
  viewer.drawScene();
  viewer.createOnLocationChange();
}

// A number that rounds to 0 has no minus.
function fixed(value, digits) {
  return value.toFixed(digits).replace(/^-(?=[0.]*$)/, "");
}

function showValues(location) {
  const [x, y, z] = location.mm, names = [scan.selectedOptions[0].text];
  if (map.value) names.push(map.selectedOptions[0].text);
  if (shown.truth.mask) names.push("truth");
  const values = location.values.map((v, i) => `${names[i]} ${fixed(v.value, i === 2 ? 0 : 3)}`);
  byId("readout").value = `${fixed(x, 0)}, ${fixed(y, 0)}, ${fixed(z, 0)} mm   ${values.join("   ")}`;
  if (viewer.volumes.length) follow();
}

async function open(number) {
  shown = cases[number];
  for (const button of document.querySelectorAll("[data-case]"))
    button.setAttribute("aria-current", Number(button.dataset.case) === number);
  await draw();
  shown.centre.forEach((voxel, axis) => cut(axis, voxel));
  follow();
  document.body.dataset.shown = shown.name;
}

byId("cases").addEventListener("click", event => {
  const button = event.target.closest("[data-case]");
  if (button) open(Number(button.dataset.case));
});
for (const menu of [scan, map]) menu.addEventListener("change", draw);
for (const slider of [opacity, truth]) slider.addEventListener("input", fade);
for (const slice of slices)
  slice.addEventListener("input", () => cut(Number(slice.dataset.axis), Number(slice.value)));
viewer.attachTo("canvas").then(() => open(0));

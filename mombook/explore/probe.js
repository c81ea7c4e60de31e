// The page asks the kernel, the kernel answers, the page says how long that took.
export default {
  render({ model, el }) {
    el.className = "mombook-probe";
    model.on("msg:custom", (message) => model.send({ ms: performance.now() - message.sent }));
    model.send({ asks: true, sent: performance.now() });
  }
};

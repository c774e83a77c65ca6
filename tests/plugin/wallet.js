(() => {
  const listeners = new Map();
  const emit = (event, value) => (listeners.get(event) || []).forEach((listener) => listener(value));
  const provider = {
    on(event, listener) {
      listeners.set(event, [...(listeners.get(event) || []), listener]);
      return provider;
    },
    removeListener(event, listener) {
      listeners.set(event, (listeners.get(event) || []).filter((known) => known !== listener));
      return provider;
    },
    async request(call) {
      const answer = JSON.parse(await window.__testWallet(JSON.stringify(call)));
      if (answer.error) {
        throw Object.assign(new Error(answer.error.message), answer.error);
      }
      if (call.method.startsWith("wallet_switch")) emit("chainChanged", call.params[0].chainId);
      return answer.result;
    },
  };
  const detail = Object.freeze({
    info: Object.freeze({
      uuid: "7a0f5f0e-3f6e-4b41-9d0c-2f1d3f9f7273",
      name: __NAME__,
      icon: "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'/>",
      rdns: "test.wallet",
    }),
    provider,
  });
  const announce = () => window.dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail }));
  window.addEventListener("eip6963:requestProvider", announce);
  announce();
})();

import {createApp, h, ref} from 'vue';

/** What Vue makes of the template that the page shows. */
const app = createApp({
  setup() {
    const state = ref('unknown');
    return () => [
      h('p', `The swarm is ${state.value}.`),
      h('weft-chat', {
        mode: 'inline',
        heading: 'Ask from Vue',
        'onWeft-state': ({detail}: CustomEvent<{readonly state: string}>) => {
          state.value = detail.state;
        },
      }),
    ];
  },
});
app.mount('#app');

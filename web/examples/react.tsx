import {useState} from 'react';
import {createRoot} from 'react-dom/client';

type WeftChatProps = {
  readonly mode?: 'inline' | 'floating';
  readonly heading?: string;
  readonly 'onweft-state'?: (event: CustomEvent<{readonly state: string}>) => void;
};

declare module 'react' {
  // Where React looks for the tags that it knows.
  namespace JSX {
    interface IntrinsicElements {
      'weft-chat': WeftChatProps;
    }
  }
}

function App() {
  const [state, setState] = useState('unknown');
  return (
    <>
      <p>The swarm is {state}.</p>
      <weft-chat
        mode="inline"
        heading="Ask from React"
        onweft-state={({detail}) => setState(detail.state)}
      />
    </>
  );
}

const container = document.querySelector('#app');
if (container !== null) createRoot(container).render(<App />);

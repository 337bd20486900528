/** Answers that try to run something in the page, to call home, or to keep it busy. */
const ELSEWHERE = 'https://elsewhere.example/x';

const MARKUP = [
  '<script>window.hacked = 1</script>',
  '<SCRIPT SRC="https://elsewhere.example/x.js"></SCRIPT>',
  '<img src=x onerror="window.hacked = 1">',
  '<img src="https://elsewhere.example/x.png">',
  '<svg onload="window.hacked = 1"></svg>',
  '<svg><script href="https://elsewhere.example/x.js" /></svg>',
  '<iframe src="https://elsewhere.example/x"></iframe>',
  '<iframe srcdoc="<script>parent.hacked = 1</script>"></iframe>',
  '<object data="https://elsewhere.example/x"></object>',
  '<embed src="https://elsewhere.example/x">',
  '<link rel="stylesheet" href="https://elsewhere.example/x.css">',
  '<link rel="prefetch" href="https://elsewhere.example/x">',
  '<style>* { background: url(https://elsewhere.example/x) }</style>',
  '<meta http-equiv="refresh" content="0; url=https://elsewhere.example/x">',
  '<base href="https://elsewhere.example/">',
  '<form action="https://elsewhere.example/x"><button autofocus>Go</button></form>',
  '<input autofocus onfocus="window.hacked = 1">',
  '<details open ontoggle="window.hacked = 1"><summary>s</summary></details>',
  '<video poster="https://elsewhere.example/x" src="https://elsewhere.example/x"></video>',
  '<audio src="https://elsewhere.example/x" autoplay></audio>',
  '<body onload="window.hacked = 1">',
  '<math><mtext><img src=x onerror="window.hacked = 1"></mtext></math>',
  '<template><img src=x onerror="window.hacked = 1"></template>',
  '<weft-chat server="https://elsewhere.example/" open></weft-chat>',
  '</p></div></template><img src=x onerror="window.hacked = 1">',
  '<!--><img src=x onerror="window.hacked = 1">-->',
  '<![CDATA[<img src=x onerror="window.hacked = 1">]]>',
  '${window.hacked = 1}',
  '<?lit$0$?><!--?lit$0$--><img src=x onerror="window.hacked = 1">',
];

const LINKS = [
  '[go](javascript:window.hacked=1)',
  '[go](JaVaScRiPt:window.hacked=1)',
  '[go](java\tscript:window.hacked=1)',
  '[go](&#106;avascript:window.hacked=1)',
  '[go](data:text/html,<script>opener.hacked=1</script>)',
  '[go](vbscript:window.hacked=1)',
  '[go](blob:https://elsewhere.example/x)',
  '<javascript:window.hacked=1>',
  '[go]: javascript:window.hacked=1\n\n[go]',
  `![picture](${ELSEWHERE}.png)`,
  `[![picture](${ELSEWHERE}.png)](${ELSEWHERE})`,
  `![picture][home]\n\n[home]: ${ELSEWHERE}.png`,
];

const LARGE = [
  '>'.repeat(4_000),
  '*'.repeat(4_000),
  '['.repeat(4_000),
  '- '.repeat(2_000),
  '`'.repeat(4_000),
  '| '.repeat(2_000),
  'a'.repeat(1_000_000),
  'word '.repeat(20_000),
  `\u202eelpmaxe.erehwesle//:sptth${'\u2066'.repeat(500)}`,
];

export const HOSTILE_ANSWERS: readonly string[] = [...MARKUP, ...LINKS, ...LARGE];

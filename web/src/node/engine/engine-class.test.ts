import {expect, test} from 'vitest';
import {webGpuClass} from './engine-class.ts';

const nameOf = (vendor: string, architecture: string) => webGpuClass({vendor, architecture});

test('[EC1] the class of a GPU is its vendor and architecture, in a name that fits a record', () => {
  expect(nameOf('nvidia', 'lovelace')).toBe('webgpu-nvidia-lovelace');
  expect(nameOf('Apple', 'metal 3')).toBe('webgpu-apple-metal-3');
  expect(nameOf('intel', '')).toBe('webgpu-intel');
  expect(nameOf('', '')).toBe('webgpu-unknown');
  expect(nameOf('a-vendor-with-a-long-name', 'and-an-architecture')).toHaveLength(32);
});

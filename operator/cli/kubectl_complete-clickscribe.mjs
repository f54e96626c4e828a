#!/usr/bin/env node
// kubectl asks this for the words of `kubectl clickscribe`; bin.mjs knows it by its name.
import "./bin.mjs";

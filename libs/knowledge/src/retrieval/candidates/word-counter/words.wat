;; Counts words in a text. `npx vitest run words.test --update` compiles it to words.wasm.ts.
;;
;; Memory: at 0 the slots, 16 bits each, as many as `mask` + 1, a power of two; behind them the table, 12 bytes for each
;; word: its hash, its address and its length. A word stands in the slot of the lowest bits of its hash, or in the next
;; one that is free, as its number in the table plus one.
(module
  (memory (export "memory") 1)

  (func $same (param $a i32) (param $b i32) (param $length i32) (result i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $a) (local.get $length)))
    (loop $next
      (if (i32.ge_u (local.get $a) (local.get $end)) (then (return (i32.const 1))))
      (if (i32.ne (i32.load8_u (local.get $a)) (i32.load8_u (local.get $b))) (then (return (i32.const 0))))
      (local.set $a (i32.add (local.get $a) (i32.const 1)))
      (local.set $b (i32.add (local.get $b) (i32.const 1)))
      (br $next))
    (unreachable))

  ;; Adds one to what is counted of a word, where it is one of the table.
  (func $meet
    (param $mask i32) (param $times i32) (param $hash i32) (param $start i32) (param $length i32)
    (local $slot i32) (local $place i32) (local $entry i32)
    (local.set $slot (i32.and (local.get $hash) (local.get $mask)))
    (loop $probe
      (local.set $place (i32.load16_u (i32.shl (local.get $slot) (i32.const 1))))
      (if (i32.eqz (local.get $place)) (then (return)))
      (local.set $place (i32.sub (local.get $place) (i32.const 1)))
      (local.set $entry
        (i32.add
          (i32.shl (i32.add (local.get $mask) (i32.const 1)) (i32.const 1))
          (i32.mul (local.get $place) (i32.const 12))))
      (if (i32.eq (i32.load (local.get $entry)) (local.get $hash))
        (then
          (if (i32.eq (i32.load offset=8 (local.get $entry)) (local.get $length))
            (then
              (if (call $same (i32.load offset=4 (local.get $entry)) (local.get $start) (local.get $length))
                (then
                  (local.set $times (i32.add (local.get $times) (i32.shl (local.get $place) (i32.const 2))))
                  (i32.store (local.get $times) (i32.add (i32.load (local.get $times)) (i32.const 1)))
                  (return)))))))
      (local.set $slot (i32.and (i32.add (local.get $slot) (i32.const 1)) (local.get $mask)))
      (br $probe)))

  ;; text:  address of words parted by spaces, `end` that of a space behind them
  ;; times: for each word of the table 32 bits, to which is added how many times the text holds it
  ;; Returns the number of all words in the text.
  (func (export "count") (param $text i32) (param $end i32) (param $mask i32) (param $times i32) (result i32)
    (local $byte i32) (local $hash i32) (local $start i32) (local $length i32)
    (local.set $start (local.get $text))
    ;; FNV-1a of 32 bits: https://datatracker.ietf.org/doc/html/draft-eastlake-fnv
    (local.set $hash (i32.const 0x811c9dc5))
    (loop $next
      (local.set $byte (i32.load8_u (local.get $text)))
      (if (i32.eq (local.get $byte) (i32.const 32))
        (then
          (if (i32.load16_u (i32.shl (i32.and (local.get $hash) (local.get $mask)) (i32.const 1)))
            (then
              (call $meet (local.get $mask) (local.get $times) (local.get $hash) (local.get $start)
                (i32.sub (local.get $text) (local.get $start)))))
          (local.set $length (i32.add (local.get $length) (i32.const 1)))
          (local.set $hash (i32.const 0x811c9dc5))
          (local.set $start (i32.add (local.get $text) (i32.const 1))))
        (else
          (local.set $hash
            (i32.mul (i32.xor (local.get $hash) (local.get $byte)) (i32.const 0x01000193)))))
      (local.set $text (i32.add (local.get $text) (i32.const 1)))
      (br_if $next (i32.le_u (local.get $text) (local.get $end))))
    (local.get $length)))

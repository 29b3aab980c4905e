;; Counts words in texts that are kept as codes: `code_of_words` in the migrations says what these are. `npx vitest run
;; wordcodes.test --update` compiles it to wordcodes.wasm.ts.
;;
;; Memory: at 0 the slots, 16 bits each, as many as `mask` + 1, a power of two; behind them the words' hashes, 32 bits
;; each. A word stands in the slot of the lowest bits of its hash, or in the next one that is free, as its number plus one.
(module
  (memory (export "memory") 1)

  ;; Notes how many times a text holds a word, where it is one of those asked for. Returns whether it is.
  (func $meet (param $mask i32) (param $hash i32) (param $times i32) (param $count i32) (result i32)
    (local $slot i32) (local $place i32)
    (local.set $slot (i32.and (local.get $hash) (local.get $mask)))
    (loop $probe
      (local.set $place (i32.load16_u (i32.shl (local.get $slot) (i32.const 1))))
      (if (i32.eqz (local.get $place)) (then (return (i32.const 0))))
      (local.set $place (i32.sub (local.get $place) (i32.const 1)))
      (if
        (i32.eq
          (local.get $hash)
          (i32.load
            (i32.add
              (i32.shl (i32.add (local.get $mask) (i32.const 1)) (i32.const 1))
              (i32.shl (local.get $place) (i32.const 2)))))
        (then
          (i32.store8 (i32.add (local.get $times) (local.get $place)) (local.get $count))
          (return (i32.const 1))))
      (local.set $slot (i32.and (i32.add (local.get $slot) (i32.const 1)) (local.get $mask)))
      (br $probe))
    (unreachable))

  ;; Two bytes, the highest first.
  (func $short (param $at i32) (result i32)
    (i32.or
      (i32.shl (i32.load8_u (local.get $at)) (i32.const 8))
      (i32.load8_u offset=1 (local.get $at))))

  ;; codes:  address of the texts' codes, one behind the other, up to `end`
  ;; row:    a number that is kept with what is counted
  ;; out:    for each text that holds any of the words `stride` bytes: the row, 4 bytes; the text's place among those of
  ;;         the row, 2 bytes; its number of words, 2 bytes; how many times it holds each of the words, a byte each
  ;; Returns the address behind the last of them.
  (func (export "count")
    (param $codes i32) (param $end i32) (param $mask i32) (param $row i32) (param $stride i32) (param $out i32)
    (result i32)
    (local $place i32) (local $times i32) (local $met i32) (local $stop i32) (local $clear i32) (local $hash i32)
    (loop $text
      (if (i32.ge_u (local.get $codes) (local.get $end)) (then (return (local.get $out))))
      (local.set $times (i32.add (local.get $out) (i32.const 8)))
      (local.set $clear (local.get $times))
      (loop $next
        (i32.store (local.get $clear) (i32.const 0))
        (local.set $clear (i32.add (local.get $clear) (i32.const 4)))
        (br_if $next (i32.lt_u (local.get $clear) (i32.add (local.get $out) (local.get $stride)))))
      (i32.store (local.get $out) (local.get $row))
      (i32.store16 offset=4 (local.get $out) (local.get $place))
      (i32.store16 offset=6 (local.get $out) (call $short (local.get $codes)))
      (local.set $met (i32.const 0))

      ;; Those that it holds several times: a hash of three bytes, and how many times.
      (local.set $stop
        (i32.add
          (i32.add (local.get $codes) (i32.const 6))
          (i32.shl (call $short (i32.add (local.get $codes) (i32.const 2))) (i32.const 2))))
      (local.set $clear
        (i32.mul (call $short (i32.add (local.get $codes) (i32.const 4))) (i32.const 3)))
      (local.set $codes (i32.add (local.get $codes) (i32.const 6)))
      (block $done
        (loop $next
          (br_if $done (i32.ge_u (local.get $codes) (local.get $stop)))
          (local.set $hash (i32.and (i32.load (local.get $codes)) (i32.const 0xffffff)))
          (if (i32.load16_u (i32.shl (i32.and (local.get $hash) (local.get $mask)) (i32.const 1)))
            (then
              (local.set $met
                (i32.or
                  (local.get $met)
                  (call $meet (local.get $mask) (local.get $hash) (local.get $times) (i32.load8_u offset=3 (local.get $codes)))))))
          (local.set $codes (i32.add (local.get $codes) (i32.const 4)))
          (br $next)))

      ;; Those that it holds once.
      (local.set $stop (i32.add (local.get $codes) (local.get $clear)))
      (block $done
        (loop $next
          (br_if $done (i32.ge_u (local.get $codes) (local.get $stop)))
          (local.set $hash (i32.and (i32.load (local.get $codes)) (i32.const 0xffffff)))
          (if (i32.load16_u (i32.shl (i32.and (local.get $hash) (local.get $mask)) (i32.const 1)))
            (then
              (local.set $met
                (i32.or
                  (local.get $met)
                  (call $meet (local.get $mask) (local.get $hash) (local.get $times) (i32.const 1))))))
          (local.set $codes (i32.add (local.get $codes) (i32.const 3)))
          (br $next)))

      (if (local.get $met) (then (local.set $out (i32.add (local.get $out) (local.get $stride)))))
      (local.set $place (i32.add (local.get $place) (i32.const 1)))
      (br $text))
    (unreachable)))

;; Products of a vector with those that codes stand for. `npx vitest run codes.test --update` compiles it to codes.wasm.ts.
;;
;; The bits of 128 dimensions are 16 bytes. The lowest bits of these are taken first, those of dimensions 7, 15, 23, …;
;; then those of 6, 14, 22, …; so the vector's dimensions stand in that order too, 128 after 128.
(module
  (memory (export "memory") 1)

  ;; codes: `count` of them, each of a factor of 4 bytes and three times `bytes` bytes, a multiple of 16
  ;; out:   for each the sum over all dimensions of the number that its three bits make times the vector's value, which
  ;;        are `bytes` × 8 signed bytes at address 0. Numbers are at most 7, so 16-bit sums of 16 products stay below 14,225
  (func (export "sums") (param $codes i32) (param $count i32) (param $bytes i32) (param $out i32)
    (local $out_end i32) (local $end i32) (local $vector i32)
    (local $high v128) (local $middle v128) (local $last v128)
    (local $ones v128) (local $twos v128) (local $fours v128) (local $sum v128) (local $total v128)
    (local.set $ones (i8x16.splat (i32.const 1)))
    (local.set $twos (i8x16.splat (i32.const 2)))
    (local.set $fours (i8x16.splat (i32.const 4)))
    (local.set $out_end (i32.add (local.get $out) (i32.shl (local.get $count) (i32.const 2))))
    (loop $each
      (local.set $codes (i32.add (local.get $codes) (i32.const 4)))
      (local.set $end (i32.add (local.get $codes) (local.get $bytes)))
      (local.set $vector (i32.const 0))
      (local.set $total (v128.const i32x4 0 0 0 0))
      (loop $dimensions
        (local.set $high (v128.load (local.get $codes)))
        (local.set $middle (v128.load (i32.add (local.get $codes) (local.get $bytes))))
        (local.set $last
          (v128.load (i32.add (local.get $codes) (i32.shl (local.get $bytes) (i32.const 1)))))
        (local.set $sum (v128.const i32x4 0 0 0 0))
        (local.set $sum
          (i16x8.add
            (local.get $sum)
            (i16x8.relaxed_dot_i8x16_i7x16_s
              (v128.load offset=0 (local.get $vector))
              (v128.or
                (v128.or
                  (v128.and (i16x8.shl (local.get $high) (i32.const 2)) (local.get $fours))
                  (v128.and (i16x8.shl (local.get $middle) (i32.const 1)) (local.get $twos)))
                (v128.and (local.get $last) (local.get $ones))))))
        (local.set $sum
          (i16x8.add
            (local.get $sum)
            (i16x8.relaxed_dot_i8x16_i7x16_s
              (v128.load offset=16 (local.get $vector))
              (v128.or
                (v128.or
                  (v128.and (i16x8.shl (local.get $high) (i32.const 1)) (local.get $fours))
                  (v128.and (local.get $middle) (local.get $twos)))
                (v128.and (i16x8.shr_u (local.get $last) (i32.const 1)) (local.get $ones))))))
        (local.set $sum
          (i16x8.add
            (local.get $sum)
            (i16x8.relaxed_dot_i8x16_i7x16_s
              (v128.load offset=32 (local.get $vector))
              (v128.or
                (v128.or
                  (v128.and (local.get $high) (local.get $fours))
                  (v128.and (i16x8.shr_u (local.get $middle) (i32.const 1)) (local.get $twos)))
                (v128.and (i16x8.shr_u (local.get $last) (i32.const 2)) (local.get $ones))))))
        (local.set $sum
          (i16x8.add
            (local.get $sum)
            (i16x8.relaxed_dot_i8x16_i7x16_s
              (v128.load offset=48 (local.get $vector))
              (v128.or
                (v128.or
                  (v128.and (i16x8.shr_u (local.get $high) (i32.const 1)) (local.get $fours))
                  (v128.and (i16x8.shr_u (local.get $middle) (i32.const 2)) (local.get $twos)))
                (v128.and (i16x8.shr_u (local.get $last) (i32.const 3)) (local.get $ones))))))
        (local.set $sum
          (i16x8.add
            (local.get $sum)
            (i16x8.relaxed_dot_i8x16_i7x16_s
              (v128.load offset=64 (local.get $vector))
              (v128.or
                (v128.or
                  (v128.and (i16x8.shr_u (local.get $high) (i32.const 2)) (local.get $fours))
                  (v128.and (i16x8.shr_u (local.get $middle) (i32.const 3)) (local.get $twos)))
                (v128.and (i16x8.shr_u (local.get $last) (i32.const 4)) (local.get $ones))))))
        (local.set $sum
          (i16x8.add
            (local.get $sum)
            (i16x8.relaxed_dot_i8x16_i7x16_s
              (v128.load offset=80 (local.get $vector))
              (v128.or
                (v128.or
                  (v128.and (i16x8.shr_u (local.get $high) (i32.const 3)) (local.get $fours))
                  (v128.and (i16x8.shr_u (local.get $middle) (i32.const 4)) (local.get $twos)))
                (v128.and (i16x8.shr_u (local.get $last) (i32.const 5)) (local.get $ones))))))
        (local.set $sum
          (i16x8.add
            (local.get $sum)
            (i16x8.relaxed_dot_i8x16_i7x16_s
              (v128.load offset=96 (local.get $vector))
              (v128.or
                (v128.or
                  (v128.and (i16x8.shr_u (local.get $high) (i32.const 4)) (local.get $fours))
                  (v128.and (i16x8.shr_u (local.get $middle) (i32.const 5)) (local.get $twos)))
                (v128.and (i16x8.shr_u (local.get $last) (i32.const 6)) (local.get $ones))))))
        (local.set $sum
          (i16x8.add
            (local.get $sum)
            (i16x8.relaxed_dot_i8x16_i7x16_s
              (v128.load offset=112 (local.get $vector))
              (v128.or
                (v128.or
                  (v128.and (i16x8.shr_u (local.get $high) (i32.const 5)) (local.get $fours))
                  (v128.and (i16x8.shr_u (local.get $middle) (i32.const 6)) (local.get $twos)))
                (v128.and (i16x8.shr_u (local.get $last) (i32.const 7)) (local.get $ones))))))
        (local.set $total (i32x4.add (local.get $total) (i32x4.extadd_pairwise_i16x8_s (local.get $sum))))
        (local.set $vector (i32.add (local.get $vector) (i32.const 128)))
        (local.set $codes (i32.add (local.get $codes) (i32.const 16)))
        (br_if $dimensions (i32.lt_u (local.get $codes) (local.get $end))))
      (i32.store (local.get $out)
        (i32.add
          (i32.add (i32x4.extract_lane 0 (local.get $total)) (i32x4.extract_lane 1 (local.get $total)))
          (i32.add (i32x4.extract_lane 2 (local.get $total)) (i32x4.extract_lane 3 (local.get $total)))))
      (local.set $codes (i32.add (local.get $codes) (i32.shl (local.get $bytes) (i32.const 1))))
      (local.set $out (i32.add (local.get $out) (i32.const 4)))
      (br_if $each (i32.lt_u (local.get $out) (local.get $out_end))))))

;; How the tokens of a question meet those of a passage. `npx vitest run dots --update` compiles it to dots.wasm.ts.
;;
;; 64 dimensions are 16 bytes of codes. They are decoded two bits of each byte at a time, so the question's dimensions
;; stand in that order too: of 64, first 0, 4, 8, …, then 1, 5, 9, …
(module
  (memory (export "memory") 1)

  ;; Codes of one token to the value of each, by a table of four bytes at address 0.
  (func $decode (param $codes i32) (param $end i32) (param $to i32)
    (local $levels v128) (local $mask v128) (local $four v128)
    (local.set $levels (v128.load (i32.const 0)))
    (local.set $mask (i8x16.splat (i32.const 3)))
    (loop $next
      (local.set $four (v128.load (local.get $codes)))
      (v128.store (local.get $to)
        (i8x16.swizzle (local.get $levels) (v128.and (local.get $four) (local.get $mask))))
      (v128.store offset=16 (local.get $to)
        (i8x16.swizzle (local.get $levels)
          (v128.and (i8x16.shr_u (local.get $four) (i32.const 2)) (local.get $mask))))
      (v128.store offset=32 (local.get $to)
        (i8x16.swizzle (local.get $levels)
          (v128.and (i8x16.shr_u (local.get $four) (i32.const 4)) (local.get $mask))))
      (v128.store offset=48 (local.get $to)
        (i8x16.swizzle (local.get $levels) (i8x16.shr_u (local.get $four) (i32.const 6))))
      (local.set $codes (i32.add (local.get $codes) (i32.const 16)))
      (local.set $to (i32.add (local.get $to) (i32.const 64)))
      (br_if $next (i32.lt_u (local.get $codes) (local.get $end)))))

  ;; 64 products, summed in four 32-bit lanes. Values of the passage are at most 20 and those of the question at most
  ;; 127, so the 16-bit sums of eight products stay below 20,320.
  (func $products (param $row i32) (param $u0 v128) (param $u1 v128) (param $u2 v128) (param $u3 v128) (result v128)
    (i32x4.extadd_pairwise_i16x8_s
      (i16x8.add
        (i16x8.add
          (i16x8.relaxed_dot_i8x16_i7x16_s (v128.load (local.get $row)) (local.get $u0))
          (i16x8.relaxed_dot_i8x16_i7x16_s (v128.load offset=16 (local.get $row)) (local.get $u1)))
        (i16x8.add
          (i16x8.relaxed_dot_i8x16_i7x16_s (v128.load offset=32 (local.get $row)) (local.get $u2))
          (i16x8.relaxed_dot_i8x16_i7x16_s (v128.load offset=48 (local.get $row)) (local.get $u3))))))

  (func $store (param $to i32) (param $sums v128)
    (i32.store (local.get $to)
      (i32.add
        (i32.add (i32x4.extract_lane 0 (local.get $sums)) (i32x4.extract_lane 1 (local.get $sums)))
        (i32.add (i32x4.extract_lane 2 (local.get $sums)) (i32x4.extract_lane 3 (local.get $sums))))))

  ;; question: `rows` rows, a multiple of four, of `width` signed bytes, a multiple of 64
  ;; codes:    `tokens` rows of `width` / 4 bytes
  ;; scratch:  `width` bytes
  ;; out:      `rows` rows of `tokens` 32-bit sums, each row `stride` bytes behind the one before
  (func (export "dots")
    (param $question i32) (param $rows i32) (param $width i32) (param $codes i32) (param $tokens i32)
    (param $scratch i32) (param $out i32) (param $stride i32)
    (local $code_end i32) (local $scratch_end i32) (local $token_end i32) (local $next i32)
    (local $row_end i32) (local $to i32) (local $at i32) (local $q0 i32) (local $q1 i32) (local $q2 i32) (local $q3 i32)
    (local $u0 v128) (local $u1 v128) (local $u2 v128) (local $u3 v128)
    (local $s0 v128) (local $s1 v128) (local $s2 v128) (local $s3 v128)
    (local.set $token_end (i32.add (local.get $out) (i32.shl (local.get $tokens) (i32.const 2))))
    (local.set $scratch_end (i32.add (local.get $scratch) (local.get $width)))
    (local.set $row_end (i32.add (local.get $question) (i32.mul (local.get $rows) (local.get $width))))
    (loop $each_token
      (local.set $code_end (i32.add (local.get $codes) (i32.shr_u (local.get $width) (i32.const 2))))
      (call $decode (local.get $codes) (local.get $code_end) (local.get $scratch))
      (local.set $codes (local.get $code_end))
      (local.set $to (local.get $out))
      (local.set $next (local.get $question))
      (loop $four_rows
        (local.set $q0 (local.get $next))
        (local.set $q1 (i32.add (local.get $q0) (local.get $width)))
        (local.set $q2 (i32.add (local.get $q1) (local.get $width)))
        (local.set $q3 (i32.add (local.get $q2) (local.get $width)))
        (local.set $next (i32.add (local.get $q3) (local.get $width)))
        (local.set $s0 (v128.const i32x4 0 0 0 0))
        (local.set $s1 (v128.const i32x4 0 0 0 0))
        (local.set $s2 (v128.const i32x4 0 0 0 0))
        (local.set $s3 (v128.const i32x4 0 0 0 0))
        (local.set $at (local.get $scratch))
        (loop $dimensions
          (local.set $u0 (v128.load (local.get $at)))
          (local.set $u1 (v128.load offset=16 (local.get $at)))
          (local.set $u2 (v128.load offset=32 (local.get $at)))
          (local.set $u3 (v128.load offset=48 (local.get $at)))
          (local.set $s0 (i32x4.add (local.get $s0)
            (call $products (local.get $q0) (local.get $u0) (local.get $u1) (local.get $u2) (local.get $u3))))
          (local.set $s1 (i32x4.add (local.get $s1)
            (call $products (local.get $q1) (local.get $u0) (local.get $u1) (local.get $u2) (local.get $u3))))
          (local.set $s2 (i32x4.add (local.get $s2)
            (call $products (local.get $q2) (local.get $u0) (local.get $u1) (local.get $u2) (local.get $u3))))
          (local.set $s3 (i32x4.add (local.get $s3)
            (call $products (local.get $q3) (local.get $u0) (local.get $u1) (local.get $u2) (local.get $u3))))
          (local.set $q0 (i32.add (local.get $q0) (i32.const 64)))
          (local.set $q1 (i32.add (local.get $q1) (i32.const 64)))
          (local.set $q2 (i32.add (local.get $q2) (i32.const 64)))
          (local.set $q3 (i32.add (local.get $q3) (i32.const 64)))
          (local.set $at (i32.add (local.get $at) (i32.const 64)))
          (br_if $dimensions (i32.lt_u (local.get $at) (local.get $scratch_end))))
        (call $store (local.get $to) (local.get $s0))
        (call $store (local.tee $to (i32.add (local.get $to) (local.get $stride))) (local.get $s1))
        (call $store (local.tee $to (i32.add (local.get $to) (local.get $stride))) (local.get $s2))
        (call $store (local.tee $to (i32.add (local.get $to) (local.get $stride))) (local.get $s3))
        (local.set $to (i32.add (local.get $to) (local.get $stride)))
        (br_if $four_rows (i32.lt_u (local.get $next) (local.get $row_end))))
      (local.set $out (i32.add (local.get $out) (i32.const 4)))
      (br_if $each_token (i32.lt_u (local.get $out) (local.get $token_end)))))

  ;; Makes cosines of one row of sums, in their place: each less `middle`, times `step`, times its own scale.
  ;; at, end: of the row, a multiple of 16 bytes
  ;; scales:  as many 32-bit floats
  (func (export "scale") (param $at i32) (param $end i32) (param $middle i32) (param $step f32) (param $scales i32)
    (loop $next
      (v128.store (local.get $at)
        (f32x4.mul
          (f32x4.mul
            (f32x4.convert_i32x4_s
              (i32x4.sub (v128.load (local.get $at)) (i32x4.splat (local.get $middle))))
            (f32x4.splat (local.get $step)))
          (v128.load (local.get $scales))))
      (local.set $scales (i32.add (local.get $scales) (i32.const 16)))
      (local.set $at (i32.add (local.get $at) (i32.const 16)))
      (br_if $next (i32.lt_u (local.get $at) (local.get $end)))))

  ;; The best cosine of each question token in each block of tokens, in the whole passage, and in each stretch of four
  ;; blocks, the last two weighted and summed over the question's tokens.
  ;; values:  `rows` rows of `width` cosines, `width` in bytes
  ;; block:   bytes of a block
  ;; weights: one for each row
  ;; bests:   takes those of the blocks, each row `stride` bytes behind the one before: room for eight more than blocks
  ;; sums:    zeros; takes a sum for each block that a stretch begins with, and for up to three more
  ;; returns the sum for the whole passage
  (func (export "closeness")
    (param $values i32) (param $rows i32) (param $width i32) (param $block i32) (param $weights i32)
    (param $bests i32) (param $stride i32) (param $sums i32) (result f32)
    (local $end i32) (local $block_end i32) (local $to i32) (local $from i32) (local $sum i32) (local $whole f32)
    (local $best v128) (local $most v128) (local $none v128) (local $weight v128)
    (local.set $none (f32x4.splat (f32.const -1)))
    (loop $each_row
      (local.set $end (i32.add (local.get $values) (local.get $width)))
      (local.set $to (local.get $bests))
      (local.set $most (local.get $none))
      (loop $each_block
        (local.set $block_end (i32.add (local.get $values) (local.get $block)))
        (if (i32.gt_u (local.get $block_end) (local.get $end)) (then (local.set $block_end (local.get $end))))
        (local.set $best (local.get $none))
        (loop $each_token
          (local.set $best (f32x4.pmax (local.get $best) (v128.load32_zero (local.get $values))))
          (local.set $values (i32.add (local.get $values) (i32.const 4)))
          (br_if $each_token (i32.lt_u (local.get $values) (local.get $block_end))))
        (v128.store32_lane 0 (local.get $to) (local.get $best))
        (local.set $most (f32x4.pmax (local.get $most) (local.get $best)))
        (local.set $to (i32.add (local.get $to) (i32.const 4)))
        (br_if $each_block (i32.lt_u (local.get $values) (local.get $end))))
      (v128.store (local.get $to) (local.get $none))
      (v128.store offset=16 (local.get $to) (local.get $none))
      (local.set $weight (v128.load32_splat (local.get $weights)))
      (local.set $whole
        (f32.add (local.get $whole)
          (f32x4.extract_lane 0 (f32x4.mul (local.get $weight) (local.get $most)))))
      (local.set $from (local.get $bests))
      (local.set $sum (local.get $sums))
      (loop $four_stretches
        (local.set $best
          (f32x4.pmax
            (f32x4.pmax (v128.load (local.get $from)) (v128.load offset=4 (local.get $from)))
            (f32x4.pmax (v128.load offset=8 (local.get $from)) (v128.load offset=12 (local.get $from)))))
        (v128.store (local.get $sum)
          (f32x4.add (v128.load (local.get $sum)) (f32x4.mul (local.get $weight) (local.get $best))))
        (local.set $sum (i32.add (local.get $sum) (i32.const 16)))
        (local.set $from (i32.add (local.get $from) (i32.const 16)))
        (br_if $four_stretches (i32.lt_u (local.get $from) (local.get $to))))
      (local.set $bests (i32.add (local.get $bests) (local.get $stride)))
      (local.set $weights (i32.add (local.get $weights) (i32.const 4)))
      (local.set $rows (i32.sub (local.get $rows) (i32.const 1)))
      (br_if $each_row (local.get $rows)))
    (local.get $whole)))

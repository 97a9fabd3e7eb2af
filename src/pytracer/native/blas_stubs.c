/* Stubs: what the pointers of a BLAS library lead to while there is noise. A stub knows its index only; it asks where to go on and
 * goes there with every argument, return address and stack as they were, so one kind of stub serves functions of any signature. */
#include "blas.h"

BlasSlot blas_slots[MAX_BLAS_SLOTS];

#ifdef BLAS_LAYER

static __thread const BlasSlot *entered;

const BlasSlot *blas_entered(void) { return entered; }

/* The recorder may use NumPy inside a native call: that is not the program's arithmetic. */
__attribute__((used)) Function blas_enter(uint32_t index)
{
    const BlasSlot *slot = &blas_slots[index];
    ThreadState *state = thread_state_tls;
    if (state == NULL || state->native_depth == 0 || state->busy) return slot->original;
    if (slot->replacement != NULL) {
        entered = slot;
        return slot->replacement;
    }
    rounding_redraw(state);
    return slot->original;
}


/* Kept: the registers of arguments, and rax, which tells a variadic function their number. 16 bytes a stub. */
__asm__(".text\n"
        ".p2align 4\n"
        "blas_stubs_begin:\n"
        ".set blas_index, 0\n"
        ".rept 4096\n"
        "  .p2align 4\n"
        "  .byte 0x68\n" /* push imm32 */
        "  .long blas_index\n"
        "  .byte 0xe9\n" /* jmp rel32 */
        "  .long blas_common - . - 4\n"
        "  .set blas_index, blas_index + 1\n"
        ".endr\n"
        ".p2align 4\n"
        ".type blas_common, @function\n"
        "blas_common:\n"
        "  .cfi_startproc\n"
        "  .cfi_def_cfa_offset 16\n"
        "  pushq %rbp\n"
        "  .cfi_def_cfa_offset 24\n"
        "  .cfi_offset %rbp, -24\n"
        "  movq %rsp, %rbp\n"
        "  .cfi_def_cfa_register %rbp\n"
        "  subq $192, %rsp\n"
        "  andq $-16, %rsp\n"
        "  movups %xmm0, (%rsp)\n"
        "  movups %xmm1, 16(%rsp)\n"
        "  movups %xmm2, 32(%rsp)\n"
        "  movups %xmm3, 48(%rsp)\n"
        "  movups %xmm4, 64(%rsp)\n"
        "  movups %xmm5, 80(%rsp)\n"
        "  movups %xmm6, 96(%rsp)\n"
        "  movups %xmm7, 112(%rsp)\n"
        "  movq %rdi, 128(%rsp)\n"
        "  movq %rsi, 136(%rsp)\n"
        "  movq %rdx, 144(%rsp)\n"
        "  movq %rcx, 152(%rsp)\n"
        "  movq %r8, 160(%rsp)\n"
        "  movq %r9, 168(%rsp)\n"
        "  movq %rax, 176(%rsp)\n"
        "  movl 8(%rbp), %edi\n"
        "  call blas_enter\n"
        "  movq %rax, %r11\n"
        "  movups (%rsp), %xmm0\n"
        "  movups 16(%rsp), %xmm1\n"
        "  movups 32(%rsp), %xmm2\n"
        "  movups 48(%rsp), %xmm3\n"
        "  movups 64(%rsp), %xmm4\n"
        "  movups 80(%rsp), %xmm5\n"
        "  movups 96(%rsp), %xmm6\n"
        "  movups 112(%rsp), %xmm7\n"
        "  movq 128(%rsp), %rdi\n"
        "  movq 136(%rsp), %rsi\n"
        "  movq 144(%rsp), %rdx\n"
        "  movq 152(%rsp), %rcx\n"
        "  movq 160(%rsp), %r8\n"
        "  movq 168(%rsp), %r9\n"
        "  movq 176(%rsp), %rax\n"
        "  leave\n"
        "  .cfi_def_cfa %rsp, 16\n"
        "  addq $8, %rsp\n" /* the index */
        "  .cfi_def_cfa_offset 8\n"
        "  jmp *%r11\n"
        "  .cfi_endproc\n"
        ".size blas_common, . - blas_common\n");

extern const char blas_stubs_begin[] __attribute__((visibility("hidden")));

_Static_assert(MAX_BLAS_SLOTS == 4096, "the number of stubs above");

Function blas_stub(uint32_t index) { return (Function)(uintptr_t)(blas_stubs_begin + (size_t)index * 16); }

#else

const BlasSlot *blas_entered(void) { return NULL; }
Function blas_stub(uint32_t index) { return blas_slots[index].original; }

#endif

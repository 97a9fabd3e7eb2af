/* Symbols of a loaded ELF library. The loader keeps exported symbols only; the names of a BLAS library's kernels are often private,
 * but stand in its file. */
#define _GNU_SOURCE
#include "blas.h"

#ifdef BLAS_LAYER

#include <elf.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static bool inside(const Image *image, uint64_t offset, uint64_t size)
{
    return offset <= image->file_size && size <= image->file_size - offset;
}

static bool map_file(Image *image)
{
    int fd = open(image->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    struct stat status;
    if (fstat(fd, &status) == 0 && status.st_size > (off_t)sizeof(Elf64_Ehdr)) {
        void *file = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (file != MAP_FAILED) image->file = file, image->file_size = (size_t)status.st_size;
    }
    close(fd);
    return image->file != NULL;
}

/* The section of that type and the strings that belong to it. */
static bool find_symbols(Image *image, uint32_t type)
{
    const char *file = image->file;
    const Elf64_Ehdr *header = image->file;
    const Elf64_Shdr *sections = (const Elf64_Shdr *)(file + header->e_shoff);
    for (unsigned i = 0; i < header->e_shnum; i++) {
        const Elf64_Shdr *each = &sections[i];
        if (each->sh_type != type || each->sh_link >= header->e_shnum) continue;
        const Elf64_Shdr *names = &sections[each->sh_link];
        if (!inside(image, each->sh_offset, each->sh_size) || !inside(image, names->sh_offset, names->sh_size)) continue;
        if (names->sh_size == 0 || file[names->sh_offset + names->sh_size - 1] != '\0') continue;
        image->symbols = file + each->sh_offset;
        image->n_symbols = each->sh_size / sizeof(Elf64_Sym);
        image->names = file + names->sh_offset;
        image->names_size = names->sh_size;
        return true;
    }
    return false;
}

bool image_open(Image *image)
{
    if (!map_file(image)) return false;
    const Elf64_Ehdr *header = image->file;
    bool known = memcmp(header->e_ident, ELFMAG, SELFMAG) == 0 && header->e_ident[EI_CLASS] == ELFCLASS64
              && header->e_shentsize == sizeof(Elf64_Shdr)
              && inside(image, header->e_shoff, (uint64_t)header->e_shnum * sizeof(Elf64_Shdr));
    if (known && (find_symbols(image, SHT_SYMTAB) || find_symbols(image, SHT_DYNSYM))) return true;
    image_close(image);
    return false;
}

void image_close(Image *image)
{
    if (image->file != NULL) munmap(image->file, image->file_size);
    image->file = NULL;
}

void image_each_symbol(const Image *image, EachSymbol each, void *context)
{
    const Elf64_Sym *symbols = image->symbols;
    for (size_t i = 0; i < image->n_symbols; i++) {
        const Elf64_Sym *symbol = &symbols[i];
        unsigned type = ELF64_ST_TYPE(symbol->st_info);
        if (symbol->st_shndx == SHN_UNDEF || (type != STT_FUNC && type != STT_OBJECT)) continue;
        if (symbol->st_name >= image->names_size) continue;
        uintptr_t address = image->bias + symbol->st_value;
        if (!each(context, image->names + symbol->st_name, address, symbol->st_size, type == STT_FUNC)) return;
    }
}

/* glibc adds the bias to the addresses of most dynamic sections when it loads them, but not to all. */
static uintptr_t address_of(const Image *image, uint64_t value) { return value < image->bias ? image->bias + value : value; }

/* Lazy binding would overwrite a pointer at its first call, so the pointers are given by what they will lead to. */
void image_each_call(const Image *image, EachImport each, void *context)
{
    const Elf64_Rela *relocations = NULL;
    const Elf64_Sym *symbols = NULL;
    const char *names = NULL;
    size_t size = 0;
    for (const Elf64_Dyn *entry = image->dynamic; entry != NULL && entry->d_tag != DT_NULL; entry++) {
        if (entry->d_tag == DT_JMPREL) relocations = (const void *)address_of(image, entry->d_un.d_ptr);
        if (entry->d_tag == DT_SYMTAB) symbols = (const void *)address_of(image, entry->d_un.d_ptr);
        if (entry->d_tag == DT_STRTAB) names = (const void *)address_of(image, entry->d_un.d_ptr);
        if (entry->d_tag == DT_PLTRELSZ) size = entry->d_un.d_val;
    }
    if (relocations == NULL || symbols == NULL || names == NULL) return;
    for (size_t i = 0; i < size / sizeof *relocations; i++) {
        const Elf64_Sym *symbol = &symbols[ELF64_R_SYM(relocations[i].r_info)];
        bool own = symbol->st_shndx != SHN_UNDEF && ELF64_ST_TYPE(symbol->st_info) == STT_FUNC;
        if (!own || ELF64_R_TYPE(relocations[i].r_info) != R_X86_64_JUMP_SLOT) continue;
        void **place = (void **)(image->bias + relocations[i].r_offset);
        if (image_writable(image, place))
            each(context, names + symbol->st_name, place, (void *)(image->bias + symbol->st_value));
    }
}

bool image_writable(const Image *image, const void *place)
{
    return (uintptr_t)place < image->read_only || (uintptr_t)place >= image->read_only_end;
}

#endif

/* An open-addressing hash table from pointers to pointers. Keys are borrowed; removal is not needed. */
#ifndef POINTER_MAP_H
#define POINTER_MAP_H

#include <stdint.h>
#include <stdlib.h>

typedef struct PointerMap {
    const void **keys;
    void **values;
    size_t mask, used;
} PointerMap;

static inline size_t pointer_slot(const PointerMap *map, const void *key)
{
    size_t slot = (size_t)(((uintptr_t)key >> 4) * 0x9E3779B97F4A7C15ull >> 20) & map->mask;
    while (map->keys[slot] != NULL && map->keys[slot] != key) slot = (slot + 1) & map->mask;
    return slot;
}

static inline void *pointer_get(const PointerMap *map, const void *key)
{
    if (map->keys == NULL) return NULL;
    size_t slot = pointer_slot(map, key);
    return map->keys[slot] == key ? map->values[slot] : NULL;
}

static inline int pointer_put(PointerMap *map, const void *key, void *value)
{
    if (map->keys == NULL || map->used * 2 > map->mask) {
        PointerMap larger = {.mask = map->keys == NULL ? 1023 : map->mask * 2 + 1};
        larger.keys = calloc(larger.mask + 1, sizeof(void *));
        larger.values = calloc(larger.mask + 1, sizeof(void *));
        if (larger.keys == NULL || larger.values == NULL) {
            free(larger.keys);
            free(larger.values);
            return -1;
        }
        for (size_t i = 0; map->keys != NULL && i <= map->mask; i++) {
            if (map->keys[i] == NULL) continue;
            size_t slot = pointer_slot(&larger, map->keys[i]);
            larger.keys[slot] = map->keys[i];
            larger.values[slot] = map->values[i];
            larger.used++;
        }
        free(map->keys);
        free(map->values);
        *map = larger;
    }
    size_t slot = pointer_slot(map, key);
    if (map->keys[slot] == NULL) map->used++;
    map->keys[slot] = key;
    map->values[slot] = value;
    return 0;
}

static inline void pointer_clear(PointerMap *map)
{
    free(map->keys);
    free(map->values);
    *map = (PointerMap){0};
}

#endif

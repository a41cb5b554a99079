// Stands for a file of engine/convert: it opens a table through the public header, and opening is a later room's.
#include "rowan/table.hpp"

rowan::Result<rowan::Table> seeded_call();

rowan::Result<rowan::Table> seeded_call() { return rowan::Table::open("table.safetensors"); }

// Everything that Rowan offers to C++ programs.
#pragma once

#include "rowan/checkpoint.hpp"
#include "rowan/dtype.hpp"
#include "rowan/engine.hpp"
#include "rowan/file.hpp"
#include "rowan/gradient.hpp"
#include "rowan/import.hpp"
#include "rowan/optimizer.hpp"
#include "rowan/options.hpp"
#include "rowan/reference.hpp"
#include "rowan/status.hpp"
#include "rowan/table.hpp"
#include "rowan/threads.hpp"
#include "rowan/version.hpp"
#include "rowan/view.hpp"
#include "rowan/vocabulary.hpp"
#include "rowan/words.hpp"

//! The door through which SQLite uses a [`Disk`]. Every function here is called by SQLite with pointers it owns, and only
//! hands on: the one place of the tests with `unsafe` code.

#![expect(unsafe_code, reason = "SQLite calls a virtual file system through C functions")]

use std::collections::BTreeMap;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::sync::{Arc, Mutex, Once, PoisonError, Weak};

use rusqlite::ffi;

use super::file::{File, Level};
use super::{Broken, Disk, State, lock, shared};

/// Its name for SQLite.
pub const NAME: &str = "stet-simulated";
const NAME_C: &CStr = c"stet-simulated";
const LONGEST_PATH: c_int = 256;
const SECTOR_BYTES: c_int = 4_096;

/// The disks there are, by the number their paths begin with.
static MOUNTED: Mutex<BTreeMap<u64, Weak<Mutex<State>>>> = Mutex::new(BTreeMap::new());
static REGISTERED: Once = Once::new();

/// A file opened by SQLite.
struct Handle {
    disk: Disk,
    file: Arc<Mutex<File>>,
    life: u32,
    level: Level,
}

/// What SQLite allocates for one.
#[repr(C)]
struct OpenFile {
    base: ffi::sqlite3_file,
    handle: *mut Handle,
}

type Answer<T = ()> = Result<T, c_int>;

/// Makes a disk known to SQLite.
pub fn mount(disk: &Disk) {
    REGISTERED.call_once(|| {
        let vfs: &'static mut ffi::sqlite3_vfs = Box::leak(Box::new(table()));
        // SAFETY: the table lives as long as the process, and its functions keep SQLite's rules for them.
        let answer = unsafe { ffi::sqlite3_vfs_register(vfs, 0) };
        assert_eq!(answer, ffi::SQLITE_OK, "SQLite takes another file system");
    });
    let mut mounted = MOUNTED.lock().unwrap_or_else(PoisonError::into_inner);
    mounted.retain(|_, state| state.strong_count() > 0);
    mounted.insert(disk.number, Arc::downgrade(&disk.state));
}

/// The disk and the name on it that a path means.
fn found(path: &str) -> Answer<(Disk, &str)> {
    let (number, name) = path.strip_prefix('/').and_then(|path| path.split_once('/')).ok_or(ffi::SQLITE_CANTOPEN)?;
    let number: u64 = number.parse().map_err(|_| ffi::SQLITE_CANTOPEN)?;
    let mounted = MOUNTED.lock().unwrap_or_else(PoisonError::into_inner);
    let state = mounted.get(&number).and_then(Weak::upgrade).ok_or(ffi::SQLITE_CANTOPEN)?;
    Ok((Disk { number, state }, name))
}

impl Handle {
    fn open(path: &str, flags: c_int) -> Answer<Self> {
        let (disk, name) = found(path)?;
        let mut state = lock(&disk.state);
        let file = match state.files.get(name) {
            Some(file) => Arc::clone(file),
            None if flags & ffi::SQLITE_OPEN_CREATE == 0 => return Err(ffi::SQLITE_CANTOPEN),
            None => {
                // Whoever makes a database sees to its name; SQLite sees to that of a log, when it first syncs it.
                let file = shared(File::new(flags & ffi::SQLITE_OPEN_MAIN_DB != 0));
                state.files.insert(name.to_owned(), Arc::clone(&file));
                file
            }
        };
        let life = state.life;
        drop(state);
        Ok(Self { disk, file, life, level: Level::None })
    }

    /// Does something with the file, unless the disk refuses, or the process that opened it is long gone.
    fn with<T>(
        &mut self,
        can_break: &[Broken],
        code: c_int,
        act: impl FnOnce(&mut File, &mut Level) -> T,
    ) -> Answer<T> {
        let mut state = lock(&self.disk.state);
        if state.life != self.life {
            return Err(ffi::SQLITE_IOERR);
        }
        if state.refuses(can_break) {
            return Err(if state.broken == Some(Broken::Full) { ffi::SQLITE_FULL } else { code });
        }
        Ok(act(&mut lock(&self.file), &mut self.level))
    }

    fn sync(&mut self) -> Answer {
        let lies = lock(&self.disk.state).lies;
        self.with(&[Broken::Sync], ffi::SQLITE_IOERR_FSYNC, |file, _| {
            if !lies {
                file.sync()
            }
        })
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        lock(&self.file).unlock(&mut self.level, Level::None);
    }
}

fn table() -> ffi::sqlite3_vfs {
    ffi::sqlite3_vfs {
        iVersion: 1,
        szOsFile: size_of::<OpenFile>() as c_int,
        mxPathname: LONGEST_PATH,
        pNext: std::ptr::null_mut(),
        zName: NAME_C.as_ptr(),
        pAppData: std::ptr::null_mut(),
        xOpen: Some(open),
        xDelete: Some(delete),
        xAccess: Some(access),
        xFullPathname: Some(full_path),
        xDlOpen: None,
        xDlError: None,
        xDlSym: None,
        xDlClose: None,
        xRandomness: Some(randomness),
        xSleep: Some(sleep),
        xCurrentTime: Some(current_time),
        xGetLastError: None,
        xCurrentTimeInt64: None,
        xSetSystemCall: None,
        xGetSystemCall: None,
        xNextSystemCall: None,
    }
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(size),
    xLock: Some(lock_file),
    xUnlock: Some(unlock_file),
    xCheckReservedLock: Some(reserved),
    xFileControl: Some(control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

fn code(answer: Answer) -> c_int {
    answer.err().unwrap_or(ffi::SQLITE_OK)
}

fn busy_unless(locked: bool) -> Answer {
    if locked { Ok(()) } else { Err(ffi::SQLITE_BUSY) }
}

const fn level(number: c_int) -> Level {
    match number {
        ffi::SQLITE_LOCK_NONE => Level::None,
        ffi::SQLITE_LOCK_SHARED => Level::Shared,
        ffi::SQLITE_LOCK_RESERVED => Level::Reserved,
        ffi::SQLITE_LOCK_PENDING => Level::Pending,
        _ => Level::Exclusive,
    }
}

/// A path SQLite gives.
///
/// # Safety
/// `path` is null, or a string that lives as long as the call.
unsafe fn text<'a>(path: *const c_char) -> Answer<&'a str> {
    if path.is_null() {
        // A file without a name is a temporary one: the store keeps those in memory.
        return Err(ffi::SQLITE_CANTOPEN);
    }
    // SAFETY: as the caller says.
    unsafe { CStr::from_ptr(path) }.to_str().map_err(|_| ffi::SQLITE_CANTOPEN)
}

/// The handle behind an open file.
///
/// # Safety
/// `file` was opened by [`open`] and isn't closed.
unsafe fn handle<'a>(file: *mut ffi::sqlite3_file) -> &'a mut Handle {
    // SAFETY: `open` put a handle there, `close` takes it away, and SQLite uses a file from one thread at a time.
    unsafe { &mut *(*file.cast::<OpenFile>()).handle }
}

unsafe extern "C" fn open(
    _: *mut ffi::sqlite3_vfs,
    path: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    let file = file.cast::<OpenFile>();
    // SAFETY: SQLite gives room for an `OpenFile`, a path that lives as long as the call, and a place for flags or null.
    unsafe {
        (*file).base.pMethods = std::ptr::null();
        let opened = text(path).and_then(|path| Handle::open(path, flags));
        let Ok(opened) = opened else { return code(opened.map(drop)) };
        (*file).handle = Box::into_raw(Box::new(opened));
        (*file).base.pMethods = &raw const METHODS;
        if !out.is_null() {
            *out = flags;
        }
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    let file = file.cast::<OpenFile>();
    // SAFETY: `open` put the handle there, and SQLite closes a file once.
    unsafe {
        (*file).base.pMethods = std::ptr::null();
        drop(Box::from_raw((*file).handle));
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn read(file: *mut ffi::sqlite3_file, into: *mut c_void, bytes: c_int, at: i64) -> c_int {
    // SAFETY: SQLite gives an open file and so many bytes to fill.
    let (handle, into) = unsafe { (handle(file), std::slice::from_raw_parts_mut(into.cast::<u8>(), bytes as usize)) };
    match handle.with(&[Broken::Read], ffi::SQLITE_IOERR_READ, |file, _| file.read(at as usize, into)) {
        Ok(true) => ffi::SQLITE_OK,
        Ok(false) => ffi::SQLITE_IOERR_SHORT_READ,
        Err(code) => code,
    }
}

unsafe extern "C" fn write(file: *mut ffi::sqlite3_file, from: *const c_void, bytes: c_int, at: i64) -> c_int {
    // SAFETY: SQLite gives an open file and so many bytes to write.
    let (handle, from) = unsafe { (handle(file), std::slice::from_raw_parts(from.cast::<u8>(), bytes as usize)) };
    code(handle.with(&[Broken::Full, Broken::Write], ffi::SQLITE_IOERR_WRITE, |file, _| file.write(at as usize, from)))
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, length: i64) -> c_int {
    // SAFETY: SQLite gives an open file.
    let handle = unsafe { handle(file) };
    code(handle.with(&[Broken::Write], ffi::SQLITE_IOERR_TRUNCATE, |file, _| file.set_length(length as usize)))
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, _flags: c_int) -> c_int {
    // SAFETY: SQLite gives an open file.
    code(unsafe { handle(file) }.sync())
}

unsafe extern "C" fn size(file: *mut ffi::sqlite3_file, out: *mut i64) -> c_int {
    // SAFETY: SQLite gives an open file and a place for its size.
    code(
        unsafe { handle(file) }
            .with(&[], ffi::SQLITE_IOERR_FSTAT, |file, _| unsafe { *out = file.bytes().len() as i64 }),
    )
}

unsafe extern "C" fn lock_file(file: *mut ffi::sqlite3_file, wanted: c_int) -> c_int {
    // SAFETY: SQLite gives an open file.
    let handle = unsafe { handle(file) };
    code(handle.with(&[], 0, |file, held| file.lock(held, level(wanted))).and_then(busy_unless))
}

unsafe extern "C" fn unlock_file(file: *mut ffi::sqlite3_file, to: c_int) -> c_int {
    // SAFETY: SQLite gives an open file.
    let handle = unsafe { handle(file) };
    // Of a process that is gone nothing is locked: SQLite need not know.
    handle.with(&[], 0, |file, held| file.unlock(held, level(to))).ok();
    ffi::SQLITE_OK
}

unsafe extern "C" fn reserved(file: *mut ffi::sqlite3_file, out: *mut c_int) -> c_int {
    // SAFETY: SQLite gives an open file and a place for the answer.
    code(unsafe { handle(file) }.with(&[], 0, |file, _| unsafe { *out = c_int::from(file.is_reserved()) }))
}

unsafe extern "C" fn control(_: *mut ffi::sqlite3_file, _operation: c_int, _: *mut c_void) -> c_int {
    ffi::SQLITE_NOTFOUND
}

unsafe extern "C" fn sector_size(_: *mut ffi::sqlite3_file) -> c_int {
    SECTOR_BYTES
}

unsafe extern "C" fn characteristics(_: *mut ffi::sqlite3_file) -> c_int {
    ffi::SQLITE_IOCAP_POWERSAFE_OVERWRITE
}

unsafe extern "C" fn shm_map(
    file: *mut ffi::sqlite3_file,
    region: c_int,
    bytes: c_int,
    make: c_int,
    out: *mut *mut c_void,
) -> c_int {
    // SAFETY: SQLite gives an open file.
    let handle = unsafe { handle(file) };
    let mapped = handle.with(&[], 0, |file, _| file.region(region as usize, bytes as usize, make != 0));
    // SAFETY: SQLite gives a place for the address. The region stays where it is as long as the file is open.
    code(mapped.map(|region| unsafe { *out = region.map_or(std::ptr::null_mut(), |region| region.as_ptr().cast()) }))
}

unsafe extern "C" fn shm_lock(file: *mut ffi::sqlite3_file, from: c_int, count: c_int, flags: c_int) -> c_int {
    // SAFETY: SQLite gives an open file.
    let handle = unsafe { handle(file) };
    let (from, count, exclusive) = (from as usize, count as usize, flags & ffi::SQLITE_SHM_EXCLUSIVE != 0);
    if flags & ffi::SQLITE_SHM_UNLOCK != 0 {
        handle.with(&[], 0, |file, _| file.give(from, count, exclusive)).ok();
        return ffi::SQLITE_OK;
    }
    code(handle.with(&[], 0, |file, _| file.take(from, count, exclusive)).and_then(busy_unless))
}

unsafe extern "C" fn shm_barrier(_: *mut ffi::sqlite3_file) {
    std::sync::atomic::fence(std::sync::atomic::Ordering::SeqCst);
}

unsafe extern "C" fn shm_unmap(_: *mut ffi::sqlite3_file, _delete: c_int) -> c_int {
    ffi::SQLITE_OK
}

unsafe extern "C" fn delete(_: *mut ffi::sqlite3_vfs, path: *const c_char, _sync_folder: c_int) -> c_int {
    // SAFETY: SQLite gives a path that lives as long as the call.
    let answer = unsafe { text(path) }
        .and_then(found)
        .and_then(|(disk, name)| lock(&disk.state).files.remove(name).map(drop).ok_or(ffi::SQLITE_IOERR_DELETE_NOENT));
    code(answer)
}

unsafe extern "C" fn access(_: *mut ffi::sqlite3_vfs, path: *const c_char, _flags: c_int, out: *mut c_int) -> c_int {
    // SAFETY: SQLite gives a path that lives as long as the call, and a place for the answer.
    unsafe {
        let answer = text(path).and_then(found);
        code(answer.map(|(disk, name)| *out = c_int::from(lock(&disk.state).files.contains_key(name))))
    }
}

unsafe extern "C" fn full_path(_: *mut ffi::sqlite3_vfs, path: *const c_char, room: c_int, out: *mut c_char) -> c_int {
    // SAFETY: SQLite gives a path that lives as long as the call, and so many bytes of room.
    unsafe {
        let bytes = CStr::from_ptr(path).to_bytes_with_nul();
        if bytes.len() > room as usize {
            return ffi::SQLITE_CANTOPEN;
        }
        std::ptr::copy_nonoverlapping(bytes.as_ptr().cast(), out, bytes.len());
    }
    ffi::SQLITE_OK
}

/// Only names and the salt of a log are drawn from it, and neither decides anything.
unsafe extern "C" fn randomness(_: *mut ffi::sqlite3_vfs, bytes: c_int, out: *mut c_char) -> c_int {
    // SAFETY: SQLite gives so many bytes of room.
    unsafe { std::ptr::write_bytes(out, 7, bytes as usize) };
    bytes
}

/// On a simulated disk nobody waits: whoever is in the way would be so for ever.
unsafe extern "C" fn sleep(_: *mut ffi::sqlite3_vfs, microseconds: c_int) -> c_int {
    microseconds
}

/// A moment in 2026, as a Julian day.
unsafe extern "C" fn current_time(_: *mut ffi::sqlite3_vfs, out: *mut f64) -> c_int {
    // SAFETY: SQLite gives a place for the time.
    unsafe { *out = 2_461_000.5 };
    ffi::SQLITE_OK
}
